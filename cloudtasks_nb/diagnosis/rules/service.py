"""Rules about a target on Cloud Run, in the order of a checklist. Their facts are read with deep=True."""

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
        f"No Cloud Run service has the address {deep.host}. The service was deleted, or the URL is wrong.",
        [facts.seen("the service", "404", SERVICE.called), facts.seen("host", deep.host)],
        "queue.tasks().first(1)[0].url",
        HTTP_TARGETS,
    )


def target_not_ready(facts: Facts) -> Finding | None:
    """The service exists and is not ready."""
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
    """The run.app URL of the service is disabled."""
    service = _service(facts)
    if service is None or not service.default_uri_disabled:
        return None
    return _blocks(
        "url_off",
        f"The tasks use the run.app URL of {_id(service)}, and this URL is disabled.",
        [facts.seen("default_uri_disabled", service.default_uri_disabled, SERVICE.called)],
        f"!gcloud run services update {_id(service)} --default-url",
        RUN_INGRESS,
    )


def ingress_closed(facts: Facts) -> Finding | None:
    """The ingress of the service is none; or it is internal, and attempts end with 403 or 404."""
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
        "no requests"
        if is_none
        else "only internal requests: those of queues in the same project or perimeter"
    )
    return _blocks(
        "ingress_closed",
        f"The service {_id(service)} accepts {words}.",
        [facts.seen("ingress", service.ingress, SERVICE.called)],
        f"!gcloud run services update {_id(service)} --ingress=all",
        RUN_INGRESS,
    )


def no_token(facts: Facts) -> Finding | None:
    """The service requires a token, and the tasks send none."""
    deep, service = facts.deep, _service(facts)
    if deep is None or service is None or deep.account or _is_public(deep) is not False:
        return None
    return _blocks(
        "no_token",
        f"The service {_id(service)} is not public, and the tasks send no token, so every attempt fails.",
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
            f"{deep.account} may call {_id(service)} only under an IAM condition, which was not evaluated."
            if conditional
            else f"{deep.account} does not have roles/run.invoker on {_id(service)}, so Cloud Run returns 403."
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
        sentence=f"The audience of the token is {deep.audience}, but {_id(service)} accepts {' or '.join(accepted)}. "
        "The audience must match exactly, without a path or a slash at the end.",
        evidence=[
            facts.seen("oidc_token.audience", deep.audience, GET),
            facts.seen("urls, custom_audiences", ", ".join(accepted), SERVICE.called),
        ],
        cure=f'queue.update(http_target={{"oidc_token": {{"service_account_email": "{deep.account}", '
        f'"audience": "{accepted[0]}"}}}})',
        source=RUN_AUTH,
    )


def deadline_mismatch(facts: Facts) -> Finding | None:
    """The request timeout of Cloud Run is longer than the dispatch deadline."""
    service = _service(facts)
    timeout = facts.target_timeout
    if service is None or timeout is None or timeout <= facts.deadline:
        return None
    return Finding(
        rule="deadline_mismatch",
        severity="warns",
        sentence=f"The request timeout of {_id(service)} is {duration(timeout)}, and the dispatch deadline is only "
        f"{duration(facts.deadline)}. So the queue may retry a task while the handler still works on it.",
        evidence=[
            facts.seen("template.timeout", duration(timeout), SERVICE.called),
            facts.seen("dispatch_deadline", duration(facts.deadline), facts.sampled),
        ],
        cure='queue.create_task(payload, url=…, dispatch_deadline="30m")',
        source=RUN_TIMEOUT,
    )


def capacity_gap(facts: Facts) -> Finding | None:
    """The queue sends more concurrent requests than the service handles."""
    service = _service(facts)
    most = service.most_at_once if service is not None else None
    if service is None or most is None or most >= facts.concurrency:
        return None
    return Finding(
        rule="capacity_gap",
        severity="warns",
        sentence=f"{_id(service)} handles at most {most:,} concurrent requests (instances × concurrency), and the "
        f"queue sends up to {facts.concurrency:,}. At peaks Cloud Run returns 429, and the queue is throttled.",
        evidence=[
            facts.seen("max_instance_count × max_instance_request_concurrency", most, SERVICE.called),
            facts.seen("rate_limits.max_concurrent_tasks", facts.concurrency, GET),
        ],
        cure=f'queue.update(rate_limits={{"max_concurrent_tasks": {most}}})',
        source=RUN_CONCURRENCY,
    )


def young_grant(facts: Facts) -> Finding | None:
    """The IAM policy of the service was changed minutes ago."""
    service, changed = _service(facts), facts.deep.policy_changed if facts.deep is not None else None
    if service is None or changed is None:
        return None
    return Finding(
        rule="young_grant",
        severity="info",
        sentence=f"The IAM policy of {_id(service)} was changed {relative(changed, facts.now)}. A new grant takes some "
        "minutes to take effect; until then Cloud Run returns 403.",
        evidence=[facts.seen("SetIamPolicy", changed.isoformat(), GRANTS.called)],
        cure="queue.diagnose(deep=True)",
        source=RUN_AUTH,
    )


def what_is_left(facts: Facts) -> Finding | None:
    """The service returns 403, and no other rule found the cause."""
    service, deep = _service(facts), facts.deep
    if service is None or deep is None or not _refuses(facts, 403) or deep.policies is None:
        return None
    if any(rule(facts) for rule in (url_off, ingress_closed, no_token, no_invoker, wrong_audience)):
        return None
    iap = "Identity-Aware Proxy is enabled: check its access list, too" if service.iap_enabled else ""
    words = iap or (
        "Remaining causes: a grant that is only minutes old, VPC Service Controls, or the organisation policies "
        "run.allowedIngress and iam.allowedPolicyMemberDomains"
    )
    return Finding(
        rule="what_is_left",
        severity="info",
        sentence=f"{_id(service)} returns 403, although its ingress, its invokers and the audience are correct. "
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
    """Whether anybody may call the service; None if its policy could not be read."""
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
    """Whether the project's policy could not be read. It might allow the call."""
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
