"""Read other APIs, in this order: the project, its key, the target, the account."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import urlsplit

from ...errors import CloudTasksError
from ...model.location import CmekConfig
from ...model.task import Task
from ...resources.queue import Queue
from ...rest.session import Session
from ..attempts import audience_of, effective_url, host_of, oidc_token_of
from ..facts import Facts, Unseen
from .answers import (
    Account,
    ApiState,
    Application,
    BillingInfo,
    Deep,
    Held,
    IngressRules,
    Key,
    LogEntries,
    PolicyOf,
    Service,
    Services,
)
from .apis import (
    ACCOUNT,
    ACT_AS,
    API_STATE,
    APPLICATION,
    BILLING,
    FIREWALL,
    GRANTS,
    KEY,
    MISSING,
    PROJECT_POLICY,
    SERVICE,
    SERVICE_POLICY,
    SERVICES,
    Apis,
)
from .run_names import is_run, named_by

_YOUNG = timedelta(minutes=5)
_ACT_AS = "iam.serviceAccounts.actAs"


def look_deep(queue: Queue, facts: Facts) -> None:
    """Read all that the caller may read, into `facts.deep`."""
    session = queue._session
    apis, deep = Apis(session, facts), Deep()
    facts.deep = deep
    _project(apis, queue.project, deep)
    _key(apis, session, queue, facts, deep)
    if queue.kind == "app_engine":
        _application(apis, queue.project, deep)
    task = _typical(facts)
    if task is not None and task.http_request is not None:
        _target(apis, queue, task, facts, deep)
        _account(apis, queue.project, deep)
    facts.also.append("the project, its accounts and the target")


def _typical(facts: Facts) -> Task | None:
    """A task to the most frequent host. If tasks failed, only those count."""
    tasks = facts.failed or facts.timed_out or facts.tasks
    if not tasks:
        return None
    (host, _), *_ = Counter(host_of(task, facts.queue) for task in tasks).most_common(1)
    return next(task for task in tasks if host_of(task, facts.queue) == host)


def _project(apis: Apis, project: str, deep: Deep) -> None:
    name = f"projects/{project}"
    state = apis.read(
        API_STATE, ApiState, "whether the API is enabled", name=f"{name}/services/cloudtasks.googleapis.com"
    )
    deep.api_state = state.state if isinstance(state, ApiState) else ""
    billing = apis.read(BILLING, BillingInfo, "whether billing is on", name=name)
    deep.billing = billing if isinstance(billing, BillingInfo) else None
    policy = apis.read(
        PROJECT_POLICY,
        PolicyOf,
        "the IAM policy of the project",
        body={"options": {"requestedPolicyVersion": 3}},
        resource=name,
    )
    deep.project_policy = policy if isinstance(policy, PolicyOf) else None


def _key(apis: Apis, session: Session, queue: Queue, facts: Facts, deep: Deep) -> None:
    place = f"{queue.name.partition('/queues/')[0]}/cmekConfig"
    facts.calls += 1
    try:
        config = session.call("projects.locations.getCmekConfig", CmekConfig, path={"name": place})
    except CloudTasksError as error:
        facts.unseen.append(Unseen("the key that encrypts tasks (CMEK)", error.message.rstrip(".")))
        return
    deep.key = config.kms_key
    if deep.key:
        key = apis.read(KEY, Key, "the state of the key", name=deep.key.partition("/cryptoKeyVersions/")[0])
        deep.key_state = "MISSING" if key is MISSING else ""
        if isinstance(key, Key):
            deep.key_state = key.primary.state if key.primary is not None else ""


def _application(apis: Apis, project: str, deep: Deep) -> None:
    found = apis.read(APPLICATION, Application, "the App Engine application", name=f"apps/{project}")
    deep.application_is_missing = found is MISSING
    deep.application = found if isinstance(found, Application) else None
    if deep.application is not None:
        rules = apis.read(FIREWALL, IngressRules, "the App Engine firewall", parent=f"apps/{project}")
        deep.firewall = rules.ingress_rules if isinstance(rules, IngressRules) else None


def _target(apis: Apis, queue: Queue, task: Task, facts: Facts, deep: Deep) -> None:
    url = urlsplit(effective_url(task, facts.queue))
    deep.host, deep.audience = host_of(task, facts.queue), audience_of(task, facts.queue) or ""
    token = oidc_token_of(task, facts.queue)
    deep.account = token.service_account_email if token is not None else ""
    host = url.hostname or ""
    deep.is_run = is_run(host)
    if not deep.is_run:
        facts.unseen.append(Unseen(f"the target {deep.host}", "only Cloud Run (run.app) can be read"))
        return
    _service(apis, queue.project, host, deep)
    if deep.service is None:
        return
    facts.target_timeout = deep.service.template.timeout if deep.service.template is not None else None
    policy = apis.read(SERVICE_POLICY, PolicyOf, "who may call the service", resource=deep.service.name)
    if isinstance(policy, PolicyOf):
        deep.policies = [policy, *([deep.project_policy] if deep.project_policy is not None else [])]
        _grants(apis, queue.project, facts, deep.service.name)


def _grants(apis: Apis, project: str, facts: Facts, service: str) -> None:
    """Read whether the service's IAM policy was changed minutes ago: a new grant takes some minutes."""
    since = (facts.now - _YOUNG).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = {
        "resourceNames": [f"projects/{project}"],
        "filter": f'protoPayload.methodName=~"SetIamPolicy$" AND protoPayload.resourceName="{service}" '
        f'AND timestamp>="{since}"',
        "orderBy": "timestamp desc",
        "pageSize": 1,
    }
    found = apis.read(GRANTS, LogEntries, "recent changes of IAM policies", body=asked)
    if isinstance(found, LogEntries) and found.entries and facts.deep is not None:
        facts.deep.policy_changed = found.entries[0].timestamp


def _service(apis: Apis, project: str, host: str, deep: Deep) -> None:
    named = named_by(host)
    if named is not None:
        found = apis.read(SERVICE, Service, "the Cloud Run service", name=named.full)
        deep.service_is_missing = found is MISSING
        deep.service = found if isinstance(found, Service) else None
        return
    listed = apis.read(SERVICES, Services, "the Cloud Run services", parent=f"projects/{project}/locations/-")
    if isinstance(listed, Services):
        address = f"https://{host}"
        deep.service = next((one for one in listed.services if address in one.addresses), None)
        deep.service_is_missing = deep.service is None


def _account(apis: Apis, project: str, deep: Deep) -> None:
    if not deep.account:
        return
    name = f"projects/{project}/serviceAccounts/{deep.account}"
    found = apis.read(ACCOUNT, Account, f"the account {deep.account}", name=name)
    if found is MISSING:
        deep.account_is = "missing"
    elif isinstance(found, Account):
        elsewhere = found.project_id not in ("", project)
        deep.account_is = "disabled" if found.disabled else "elsewhere" if elsewhere else "there"
    held = apis.read(
        ACT_AS, Held, f"whether you may act as {deep.account}", body={"permissions": [_ACT_AS]}, resource=name
    )
    deep.may_act_as = _ACT_AS in held.permissions if isinstance(held, Held) else None
