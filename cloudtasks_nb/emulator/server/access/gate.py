"""With --enforce-iam: identifies callers and checks their permissions. Source: SPEC sections 6.2 and 7."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from ....errors import PermissionDenied
from ....model import Policy, Queue, Task, decode
from ....model.messages import BatchCreateTasksRequest, CreateTaskRequest
from ....model.methods import Method
from ....model.roles import ROLES
from ..calls.queries import SystemParameters
from ..calls.refusals import Called, api_key_only, bad_credential, missing_credential, missing_permission
from ..calls.request import Request
from ..rules.identity import SCOPES, Caller, caller_in
from ..services.context import Context

_TEST = "projects.locations.queues.testIamPermissions"
_PATCH = "projects.locations.queues.patch"
_ACT_AS = "iam.serviceAccounts.actAs"
_FULL_VIEW = "cloudtasks.tasks.fullView"


def named_caller(context: Context, headers: Mapping[str, str], token: str = "") -> Caller | None:
    """The caller that a call's token names; None without a token. Proves nothing: used without --enforce-iam."""
    scheme, _, held = headers.get("Authorization", "").partition(" ")
    token = held.strip() if scheme.lower() == "bearer" else token
    return (context.store.oauth.caller(token, context.clock.now()) or caller_in(token)) if token else None


class Gate:
    """Checks callers against the policies of queues and the grants of the project."""

    def __init__(self, context: Context, grants: Sequence[tuple[str, str]]) -> None:
        self._context = context
        self._grants = grants

    def caller(
        self,
        call: Request,
        system: SystemParameters,
        method: Method | Called,
        scopes: frozenset[str] = SCOPES,
    ) -> Caller:
        """The caller. Errors: Unauthenticated; PermissionDenied for a token with other scopes."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            if scheme:
                raise bad_credential()
            token = system.token
        if not token:
            raise api_key_only(method) if system.key else missing_credential(method)
        now = self._context.clock.now()
        found = self._context.store.oauth.caller(token.strip(), now) or caller_in(token.strip())
        if found is None or (found.until_s is not None and found.until_s <= now.timestamp()):
            raise bad_credential()
        if not found.may_call(scopes):
            raise PermissionDenied("Request had insufficient authentication scopes.")
        return found

    def check(self, caller: Caller, permission: str, resource: str) -> None:
        """Checks that the caller has a permission on a resource. Errors: PermissionDenied."""
        if permission not in self._held(caller, resource):
            raise missing_permission(permission, resource)

    def admit(self, caller: Caller, method: Method, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters that the caller has permission to use. Errors: PermissionDenied."""
        resource = resource_of(parameters)
        held = self._held(caller, resource)
        body = parameters.get("body")
        if method.id == _TEST and body is not None:  # returns permissions; it rejects a pattern later
            asked = [name for name in body.permissions if name in held or "*" in name]
            return {**parameters, "body": replace(body, permissions=asked)}
        for permission in self._needed(method, parameters):
            if permission not in held:
                raise missing_permission(permission, resource)
        if isinstance(body, BatchCreateTasksRequest):  # each item succeeds or fails alone
            lacks = {at: _lacks(request, held, resource) for at, request in enumerate(body.requests)}
            return {**parameters, "refused": {at: lack for at, lack in lacks.items() if lack is not None}}
        lack = _lacks(body, held, resource)
        if lack is not None:
            raise lack
        return parameters

    def _needed(self, method: Method, parameters: dict[str, Any]) -> Iterator[str]:
        if method.permission is not None:
            yield f"cloudtasks.{method.permission}"
        if method.id == _PATCH and self._context.store.queue(parameters["name"]) is None:
            yield "cloudtasks.queues.create"
        if parameters.get("response_view") == "FULL":
            yield _FULL_VIEW

    def _held(self, caller: Caller, resource: str) -> set[str]:
        """The caller's permissions on a resource, from the grants of the project and the policy of the queue."""
        held: set[str] = set()
        for role, member in self._grants:
            if caller.is_one_of([member]):
                held |= ROLES.get(role, frozenset())
        row = self._context.store.queue("/".join(resource.split("/")[:6]))
        if row is not None and row.policy is not None:
            for binding in decode(row.policy.encode(), Policy).bindings:
                # Conditions are stored but not evaluated: a conditional binding grants nothing here.
                if binding.condition is None and caller.is_one_of(binding.members):
                    held |= ROLES.get(binding.role, frozenset())
        return held


def resource_of(parameters: dict[str, Any]) -> str:
    """The full name of the resource of a call."""
    for name in ("name", "parent", "resource", "queue"):
        if name in parameters:
            return str(parameters[name])
    return f"projects/{parameters.get('app_id', '')}"


def _lacks(request: Any, held: set[str], resource: str) -> PermissionDenied | None:
    """The error if the body of a call needs a permission that the caller lacks; else None."""
    if getattr(request, "response_view", "") == "FULL" and _FULL_VIEW not in held:
        return missing_permission(_FULL_VIEW, resource)
    account = next(_accounts(request), None) if _ACT_AS not in held else None
    return missing_permission(_ACT_AS, account) if account is not None else None


def _accounts(request: Any) -> Iterator[str]:
    """The service accounts whose tokens the tasks will carry."""
    task = request.task if isinstance(request, CreateTaskRequest) else None
    for holder in (
        task.http_request if isinstance(task, Task) else None,
        request.http_target if isinstance(request, Queue) else None,
    ):
        for token in (holder.oauth_token, holder.oidc_token) if holder is not None else ():
            if token is not None:
                yield token.service_account_email
