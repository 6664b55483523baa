"""Rules about the project: its APIs, billing, key and application. Their facts are read with deep=True."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from ..causes import HTTP_TARGETS, PITFALLS
from ..deep.apis import API_STATE, APPLICATION, BILLING, FIREWALL, KEY, PROJECT_POLICY
from ..facts import Facts
from ..finding import Finding

CMEK = "https://docs.cloud.google.com/tasks/docs/cmek"
ACCESS = "https://docs.cloud.google.com/tasks/docs/reference-access-control"
APP_FIREWALL = "https://docs.cloud.google.com/appengine/docs/standard/creating-firewalls"
AGENT_ROLE = "roles/cloudtasks.serviceAgent"
AGENT_DOMAIN = "@gcp-sa-cloudtasks.iam.gserviceaccount.com"
APP_ENGINE_SENDER = "0.1.0.2"
"""The source address of Cloud Tasks, as App Engine's firewall sees it."""


def api_disabled(facts: Facts) -> Finding | None:
    """The Cloud Tasks API is disabled in the project."""
    deep = facts.deep
    if deep is None or deep.api_state != "DISABLED":
        return None
    return Finding(
        rule="api_disabled",
        severity="blocks",
        sentence=f"The Cloud Tasks API is disabled in project {facts.queue.project}, so no task is sent.",
        evidence=[facts.seen("state", deep.api_state, API_STATE.called)],
        cure=f"!gcloud services enable cloudtasks.googleapis.com --project={facts.queue.project}",
        source=PITFALLS,
    )


def billing_off(facts: Facts) -> Finding | None:
    """The project has no active billing account."""
    deep = facts.deep
    if deep is None or deep.billing is None or deep.billing.billing_enabled:
        return None
    return Finding(
        rule="billing_off",
        severity="blocks",
        sentence=f"Billing is disabled in project {facts.queue.project}, so no task is sent. The queue may be "
        "disabled, too.",
        evidence=[facts.seen("billing_enabled", value=False, call=BILLING.called)],
        cure=f"!gcloud billing projects link {facts.queue.project} --billing-account=…",
        source=PITFALLS,
    )


def key_disabled(facts: Facts) -> Finding | None:
    """Tasks are encrypted with a key that cannot be used."""
    deep = facts.deep
    if deep is None or not deep.key or deep.key_state in ("ENABLED", ""):
        return None
    return Finding(
        rule="key_disabled",
        severity="blocks",
        sentence=f"The key that encrypts tasks in this location is {deep.key_state}. Tasks created with it stay in the "
        "queue, and cannot be sent until the key is enabled again.",
        evidence=[facts.seen("primary.state", deep.key_state, KEY.called), facts.seen("kms_key", deep.key)],
        cure="!gcloud kms keys versions enable … --key=…",
        source=CMEK,
    )


def agent_lost(facts: Facts) -> Finding | None:
    """The service agent of Cloud Tasks lost the role that it needs to create tokens."""
    policy = facts.deep.project_policy if facts.deep is not None else None
    if policy is None or not (facts.deep and facts.deep.account):
        return None
    holders = [one for binding in policy.bindings if binding.role == AGENT_ROLE for one in binding.members]
    if any(holder.endswith(AGENT_DOMAIN) for holder in holders):
        return None
    return Finding(
        rule="agent_lost",
        severity="blocks",
        sentence=f"The service agent of Cloud Tasks (service-…{AGENT_DOMAIN}) does not have {AGENT_ROLE} in "
        "this project, so it cannot create tokens for the tasks.",
        evidence=[
            facts.seen(f"members of {AGENT_ROLE}", ", ".join(holders) or "none", PROJECT_POLICY.called)
        ],
        cure=f"!gcloud projects add-iam-policy-binding {facts.queue.project} --role={AGENT_ROLE} "
        "--member=serviceAccount:…",
        source=ACCESS,
    )


def account_unfit(facts: Facts) -> Finding | None:
    """The service account of the token does not exist, is disabled, or belongs to another project."""
    deep = facts.deep
    if deep is None or deep.account_is in ("", "there"):
        return None
    words = {
        "missing": "does not exist",
        "disabled": "is disabled",
        "elsewhere": "belongs to another project than the queue",
    }[deep.account_is]
    return Finding(
        rule="account_unfit",
        severity="blocks",
        sentence=f"The service account {deep.account} {words}, so Cloud Tasks cannot create tokens for it.",
        evidence=[facts.seen("the account", deep.account_is, "iam.projects.serviceAccounts.get")],
        cure=f"!gcloud iam service-accounts enable {deep.account}",
        source=HTTP_TARGETS,
    )


def may_not_act_as(facts: Facts) -> Finding | None:
    """The caller may not create tasks with this account."""
    deep = facts.deep
    if deep is None or deep.may_act_as is not False:
        return None
    return Finding(
        rule="may_not_act_as",
        severity="info",
        sentence=f"You may not act as {deep.account}, so you cannot create tasks with its token.",
        evidence=[
            facts.seen(
                "iam.serviceAccounts.actAs", "not held", "iam.projects.serviceAccounts.testIamPermissions"
            )
        ],
        cure=f"!gcloud iam service-accounts add-iam-policy-binding {deep.account} "
        "--role=roles/iam.serviceAccountUser --member=user:…",
        source=HTTP_TARGETS,
    )


def application_down(facts: Facts) -> Finding | None:
    """The App Engine application does not exist, or is disabled."""
    deep = facts.deep
    if deep is None or not (deep.application_is_missing or deep.application):
        return None
    status = "missing" if deep.application is None else deep.application.serving_status
    if status == "SERVING":
        return None
    words = (
        "has no App Engine application"
        if status == "missing"
        else f"has an App Engine application that is {status}"
    )
    return Finding(
        rule="application_down",
        severity="blocks",
        sentence=f"Project {facts.queue.project} {words}, so tasks for App Engine cannot be sent.",
        evidence=[facts.seen("serving_status", status, APPLICATION.called)],
        cure=f"!gcloud app create --project={facts.queue.project} --region={facts.queue.location}",
        source=PITFALLS,
    )


def firewall_denies(facts: Facts) -> Finding | None:
    """The first rule of App Engine's firewall that matches Cloud Tasks denies it."""
    rules = facts.deep.firewall if facts.deep is not None else None
    first = next(
        (rule for rule in sorted(rules or [], key=lambda rule: rule.priority) if _covers(rule.source_range)),
        None,
    )
    if (
        first is None or first.action != "DENY" or first.source_range == "*"
    ):  # the default rule does not apply to Cloud Tasks
        return None
    return Finding(
        rule="firewall_denies",
        severity="blocks",
        sentence=f"The App Engine firewall denies {APP_ENGINE_SENDER}, the address of Cloud Tasks. The first rule "
        f"that matches has priority {first.priority} and range {first.source_range}.",
        evidence=[facts.seen("action", f"{first.action} {first.source_range}", FIREWALL.called)],
        cure=f"!gcloud app firewall-rules create 1 --action=allow --source-range={APP_ENGINE_SENDER}/32",
        source=APP_FIREWALL,
    )


def _covers(source_range: str) -> bool:
    if source_range == "*":
        return True
    try:
        return ip_address(APP_ENGINE_SENDER) in ip_network(source_range, strict=False)
    except ValueError:
        return False
