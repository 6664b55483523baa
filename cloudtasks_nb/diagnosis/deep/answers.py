"""The members of other APIs' responses that the rules read. Unknown members are ignored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ...model.json import Duration, Time


class Answer(Struct, rename="camel", kw_only=True):
    """A part of a response."""


class Scaling(Answer):
    max_instance_count: int | None = None


class Template(Answer):
    timeout: Duration | None = None
    max_instance_request_concurrency: int | None = None
    scaling: Scaling | None = None


class Condition(Answer):
    state: str = ""
    message: str = ""


class Service(Answer):
    """A Cloud Run service."""

    name: str = ""
    uri: str = ""
    urls: list[str] = []
    custom_audiences: list[str] = []
    ingress: str = ""
    invoker_iam_disabled: bool = False
    default_uri_disabled: bool = False
    iap_enabled: bool = False
    template: Template | None = None
    scaling: Scaling | None = None
    terminal_condition: Condition | None = None

    @property
    def addresses(self) -> list[str]:
        """All its URLs, without a slash at the end."""
        return [url.rstrip("/") for url in (self.uri, *self.urls) if url]

    @property
    def most_at_once(self) -> int | None:
        """How many concurrent requests it handles; None if its instances are not limited."""
        template = self.template or Template()
        counts = [
            one.max_instance_count
            for one in (self.scaling, template.scaling)
            if one and one.max_instance_count
        ]
        return min(counts) * (template.max_instance_request_concurrency or 80) if counts else None


class Services(Answer):
    services: list[Service] = []


class Expression(Answer):
    expression: str = ""


class RoleBinding(Answer):
    role: str = ""
    members: list[str] = []
    condition: Expression | None = None


class PolicyOf(Answer):
    bindings: list[RoleBinding] = []


class Account(Answer):
    email: str = ""
    disabled: bool = False
    project_id: str = ""


class Held(Answer):
    permissions: list[str] = []


class ApiState(Answer):
    state: str = ""


class BillingInfo(Answer):
    billing_enabled: bool = False
    billing_account_name: str = ""


class KeyVersion(Answer):
    state: str = ""


class Key(Answer):
    name: str = ""
    primary: KeyVersion | None = None


class Application(Answer):
    serving_status: str = ""
    location_id: str = ""
    default_hostname: str = ""


class IngressRule(Answer):
    priority: int = 0
    action: str = ""
    source_range: str = ""


class IngressRules(Answer):
    ingress_rules: list[IngressRule] = []


class LogEntry(Answer):
    timestamp: Time | None = None


class LogEntries(Answer):
    entries: list[LogEntry] = []


class Deep(Struct, kw_only=True):
    """All that was read. None means not requested, or not readable."""

    host: str = ""
    """Scheme and host of the target."""
    is_run: bool = False
    service: Service | None = None
    service_is_missing: bool = False
    policies: Sequence[PolicyOf] | None = None
    """The IAM policies of the service, and of its project if that could be read."""
    project_policy: PolicyOf | None = None
    policy_changed: datetime | None = None
    """When the IAM policy of the service was last changed, if within the last minutes."""
    account: str = ""
    """The service account of the token; empty without a token."""
    account_is: str = ""
    """"there", "missing", "disabled" or "elsewhere"; empty if it was not read."""
    may_act_as: bool | None = None
    audience: str = ""
    api_state: str = ""
    billing: BillingInfo | None = None
    key: str = ""
    key_state: str = ""
    application: Application | None = None
    application_is_missing: bool = False
    firewall: Sequence[IngressRule] | None = None
