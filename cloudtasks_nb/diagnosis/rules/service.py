"""Rules about a target on Cloud Run, in the order of a checklist. They need what deep=True reads."""

from __future__ import annotations

from collections.abc import Sequence

from ..attempts import cause_of
from ..causes import HTTP_TARGETS, PITFALLS, RUN_AUTH, RUN_INGRESS
from ..deep.answers import Deep, PolicyOf, Service
from ..deep.apis import GRANTS, SERVICE, SERVICE_POLICY
from ..facts import GET, Facts
from ..finding import Evidence, Finding, Severity
from ..words import duration, relative

INVOKERS = ("roles/run.invoker", "roles/run.servicesInvoker", "roles/run.admin", "roles/run.developer")
RUN_TIMEOUT = "https://docs.cloud.google.com/run/docs/configuring/request-timeout"
RUN_CONCURRENCY = "https://docs.cloud.google.com/run/docs/about-concurrency"
EVERYBODY = "allUsers"
_SUCCEEDED = "CONDITION_SUCCEEDED"


def target_missing(facts: Facts) -> Finding | None:
    """No Cloud Run service has the host that the tasks go to."""
    deep = facts.deep
    if deep is None or not deep.service_is_missing:
        return None
    return _blocks(
        "target_missing",
        f"No service of Cloud Run has the address {deep.host}: it was deleted, or the URL is wrong.",
        [facts.seen("the service", "404", SERVICE.called), facts.seen("host", deep.host)],
        "queue.tasks().first(1)[0].url",
        HTTP_TARGETS,
    )


def target_not_ready(facts: Facts) -> Finding | None:
    """The service is there, and does not serve."""
    service = _service(facts)
    condition = service.terminal_condition if service is not None else None
    if service is None or condition is None or condition.state in ("", _SUCCEEDED):
        return None
    return _blocks(
        "target_not_ready",
        f"The service {_id(service)} is not ready ({condition.state}): {condition.message or 'its revision failed'}.",
        [facts.seen("terminal_condition.state", condition.state, SERVICE.called)],
        f"!gcloud run services describe {_id(service)}",
        PITFALLS,
    )


def url_off(facts: Facts) -> Finding | None:
    """The run.app URL of the service is switched off."""
    service = _service(facts)
    if service is None or not service.default_uri_disabled:
        return None
    return _blocks(
        "url_off",
        f"The run.app URL of {_id(service)} is disabled, and the tasks go to it.",
        [facts.seen("default_uri_disabled", service.default_uri_disabled, SERVICE.called)],
        f"!gcloud run services update {_id(service)} --default-url",
        RUN_INGRESS,
    )


def ingress_closed(facts: Facts) -> Finding | None:
    """The service lets in nothing, or only what is internal, and refuses."""
    service = _service(facts)
    if (
        service is None
        or not service.ingress.startswith("INGRESS_TRAFFIC_")
        or service.ingress.endswith("_ALL")
    ):
        return None
    is_none = service.ingress.endswith("_NONE")
    if not is_none and not _refuses(facts, 403, 404):
        return None
    words = (
        "nothing"
        if is_none
        else "only internal traffic, and the queue counts as that only in the same project or perimeter"
    )
    return _blocks(
        "ingress_closed",
        f"The service {_id(service)} lets in {words}.",
        [facts.seen("ingress", service.ingress, SERVICE.called)],
        f"!gcloud run services update {_id(service)} --ingress=all",
        RUN_INGRESS,
    )


def no_token(facts: Facts) -> Finding | None:
    """The service wants a token, and the tasks send none."""
    deep, service = facts.deep, _service(facts)
    if deep is None or service is None or deep.account or _is_public(deep) is not False:
        return None
    return _blocks(
        "no_token",
        f"The service {_id(service)} is not public, and the tasks send no token: every attempt is refused.",
        [
            facts.seen("oidc_token", "none", GET),
            facts.seen("members", _members(deep.policies), SERVICE_POLICY.called),
        ],
        f'queue.update(http_target={{"oidc_token": {{"service_account_email": "…", "audience": "{deep.host}"}}}})',
        RUN_AUTH,
    )


def no_invoker(facts: Facts) -> Finding | None:
    """The account of the token may not call the service."""
    deep, service = facts.deep, _service(facts)
    if deep is None or service is None or not deep.account or deep.policies is None or _is_public(deep):
        return None
    member = f"serviceAccount:{deep.account}"
    held = [binding for policy in deep.policies for binding in policy.bindings if binding.role in INVOKERS]
    mine = [binding for binding in held if member in binding.members]
    if any(binding.condition is None for binding in mine) or (not mine and _may_inherit(deep)):
        return None
    conditional = bool(mine)
    return Finding(
        rule="no_invoker",
        severity="info" if conditional else "blocks",
        sentence=(
            f"{deep.account} may call {_id(service)} only under a condition, which could not be evaluated."
            if conditional
            else f"{deep.account} does not hold roles/run.invoker on {_id(service)}: Cloud Run answers 403."
        ),
        evidence=[facts.seen("members of roles/run.invoker", _members(deep.policies), SERVICE_POLICY.called)],
        cure=f"!gcloud run services add-iam-policy-binding {_id(service)} --role=roles/run.invoker --member={member}",
        source=RUN_AUTH,
    )


def wrong_audience(facts: Facts) -> Finding | None:
    """The audience of the token is not one that the service accepts."""
    deep, service = facts.deep, _service(facts)
    if deep is None or service is None or not deep.account or _is_public(deep):
        return None
    accepted = [*service.addresses, *service.custom_audiences]
    if not accepted or deep.audience in accepted:
        return None
    refused = _refuses(facts, 401, 403)
    return Finding(
        rule="wrong_audience",
        severity="blocks" if refused else "warns",
        sentence=f"The audience of the token is {deep.audience}, and {_id(service)} accepts {' or '.join(accepted)}: "
        "the comparison is exact, without a slash or a path at the end.",
        evidence=[
            facts.seen("oidc_token.audience", deep.audience, GET),
            facts.seen("urls, custom_audiences", ", ".join(accepted), SERVICE.called),
        ],
        cure=f'queue.update(http_target={{"oidc_token": {{"service_account_email": "{deep.account}", '
        f'"audience": "{accepted[0]}"}}}})',
        source=RUN_AUTH,
    )


def deadline_mismatch(facts: Facts) -> Finding | None:
    """Cloud Run lets a request last longer than the queue waits."""
    service = _service(facts)
    timeout = facts.target_timeout
    if service is None or timeout is None or timeout <= facts.deadline:
        return None
    return Finding(
        rule="deadline_mismatch",
        severity="warns",
        sentence=f"Cloud Run lets a request of {_id(service)} last {duration(timeout)}, and the dispatch deadline is "
        f"{duration(facts.deadline)}: the queue gives up first and tries again while the handler is still at work.",
        evidence=[
            facts.seen("template.timeout", duration(timeout), SERVICE.called),
            facts.seen("dispatch_deadline", duration(facts.deadline), facts.sampled),
        ],
        cure='queue.create_task(payload, url=…, dispatch_deadline="30m")',
        source=RUN_TIMEOUT,
    )


def capacity_gap(facts: Facts) -> Finding | None:
    """The queue sends more at a time than the service handles."""
    service = _service(facts)
    most = service.most_at_once if service is not None else None
    if service is None or most is None or most >= facts.concurrency:
        return None
    return Finding(
        rule="capacity_gap",
        severity="warns",
        sentence=f"{_id(service)} handles at most {most:,} requests at a time (instances × concurrency), and the queue "
        f"sends up to {facts.concurrency:,}: at peaks Cloud Run answers 429, and the service slows the queue.",
        evidence=[
            facts.seen("max_instance_count × max_instance_request_concurrency", most, SERVICE.called),
            facts.seen("rate_limits.max_concurrent_tasks", facts.concurrency, GET),
        ],
        cure=f'queue.update(rate_limits={{"max_concurrent_tasks": {most}}})',
        source=RUN_CONCURRENCY,
    )


def young_grant(facts: Facts) -> Finding | None:
    """Who may call the service was changed minutes ago."""
    service, changed = _service(facts), facts.deep.policy_changed if facts.deep is not None else None
    if service is None or changed is None:
        return None
    return Finding(
        rule="young_grant",
        severity="info",
        sentence=f"Who may call {_id(service)} was changed {relative(changed, facts.now)}: a grant takes some minutes "
        "to hold, and 403 is answered until then.",
        evidence=[facts.seen("SetIamPolicy", changed.isoformat(), GRANTS.called)],
        cure="queue.diagnose(deep=True)",
        source=RUN_AUTH,
    )


def what_is_left(facts: Facts) -> Finding | None:
    """All that can be read is fine, and it answers 403 all the same."""
    service, deep = _service(facts), facts.deep
    if service is None or deep is None or not _refuses(facts, 403) or deep.policies is None:
        return None
    if any(rule(facts) for rule in (url_off, ingress_closed, no_token, no_invoker, wrong_audience)):
        return None
    iap = "Identity-Aware Proxy is on, which has a list of its own" if service.iap_enabled else ""
    words = iap or (
        "A grant that is some minutes old, VPC Service Controls, and the organisation policies run.allowedIngress and "
        "iam.allowedPolicyMemberDomains are left"
    )
    return Finding(
        rule="what_is_left",
        severity="info",
        sentence=f"{_id(service)} answers 403, and its ingress, its invokers and the audience are as they should be. "
        f"{words}.",
        evidence=[facts.seen("iap_enabled", service.iap_enabled, SERVICE.called)],
        cure=f"!gcloud run services describe {_id(service)}",
        source=RUN_INGRESS,
    )


def _service(facts: Facts) -> Service | None:
    return facts.deep.service if facts.deep is not None else None


def _id(service: Service) -> str:
    return service.name.rpartition("/")[2]


def _is_public(deep: Deep) -> bool | None:
    """Whether anybody may call it; None where that could not be read."""
    if deep.service is not None and deep.service.invoker_iam_disabled:
        return True
    if deep.policies is None:
        return None
    return any(
        binding.role in INVOKERS and EVERYBODY in binding.members and binding.condition is None
        for policy in deep.policies
        for binding in policy.bindings
    )


def _may_inherit(deep: Deep) -> bool:
    """Whether a policy above the service could allow it, and could not be read."""
    return deep.project_policy is None


def _members(policies: Sequence[PolicyOf] | None) -> str:
    held = [
        one
        for policy in policies or ()
        for binding in policy.bindings
        if binding.role in INVOKERS
        for one in binding.members
    ]
    return ", ".join(held) or "none"


def _refuses(facts: Facts, *statuses: int) -> bool:
    found = (cause_of(task, facts.queue) for task in facts.failed)
    return any(cause is not None and cause.http in statuses for cause in found)


def _blocks(rule: str, sentence: str, evidence: Sequence[Evidence], cure: str, source: str) -> Finding:
    severity: Severity = "blocks"
    return Finding(
        rule=rule, severity=severity, sentence=sentence, evidence=evidence, cure=cure, source=source
    )
