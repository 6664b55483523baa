"""IAM policies of queues: stores them, and checks their etag. The gate enforces them. Source: SPEC section 7."""

from __future__ import annotations

import base64
import hashlib
import re

from msgspec.structs import replace

from ....errors import Aborted, InvalidArgument
from ....model import Binding, Policy, decode, encode
from ....model.messages import (
    GetIamPolicyRequest,
    SetIamPolicyRequest,
    TestIamPermissionsRequest,
    TestIamPermissionsResponse,
)
from ....model.roles import ROLES
from ....names import parse_queue
from ..rules.identity import MEMBERS
from ..rules.locations import check_location
from .context import Serving

_INVALID = "Request contains an invalid argument."
_NO_POLICY = Policy(etag="ACAB")  # Google's response if no policy was set
_CUSTOM_ROLE = re.compile(r"(projects|organizations)/[^/]+/roles/[A-Za-z0-9_.]{1,100}")
_WITH_CONDITIONS = 3
_VERSIONS = (0, 1, _WITH_CONDITIONS)
_MAX_PRINCIPALS = 1500


class PolicyService(Serving):
    def get(self, resource: str, body: GetIamPolicyRequest) -> Policy:
        asked = body.options.requested_policy_version if body.options is not None else 0
        if asked not in _VERSIONS:
            raise InvalidArgument(_INVALID)
        stored = self._queue(parse_queue(resource)).policy
        policy = decode(stored.encode(), Policy) if stored else _NO_POLICY
        return policy if asked == _WITH_CONDITIONS else _without_conditions(policy)

    def set(self, resource: str, body: SetIamPolicyRequest) -> Policy:
        found = self._queue(parse_queue(resource))
        if body.policy is None:
            raise InvalidArgument(_INVALID)
        _check(body.policy)
        current = decode(found.policy.encode(), Policy) if found.policy else _NO_POLICY
        if body.policy.etag and _plain(body.policy.etag) != _plain(current.etag):
            raise Aborted(
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential "
                f"backoff. The request's ETag '{body.policy.etag}' did not match the current policy's ETag "
                f"'{current.etag}'."
            )
        if body.policy.etag and body.policy.version != _WITH_CONDITIONS and _has_conditions(current):
            raise InvalidArgument(_INVALID)  # without an etag, the update drops conditions, as documented
        etag = base64.b64encode(self._context.random.randbytes(8)).decode()
        policy = replace(body.policy, etag=etag)
        self._store.save_policy(found.row, encode(policy).decode())
        return policy

    def test(self, resource: str, body: TestIamPermissionsRequest) -> TestIamPermissionsResponse:
        name = parse_queue(resource)
        check_location(name.parent)
        if any("*" in permission for permission in body.permissions):
            raise InvalidArgument(_INVALID)
        held = body.permissions if self._store.queue(str(name)) is not None else []
        return TestIamPermissionsResponse(permissions=held)


def _check(policy: Policy) -> None:
    if policy.version not in _VERSIONS:
        raise InvalidArgument(_INVALID)
    if sum(len(binding.members) for binding in policy.bindings) > _MAX_PRINCIPALS:
        raise InvalidArgument(_INVALID)
    for binding in policy.bindings:
        if binding.role not in ROLES and not _CUSTOM_ROLE.fullmatch(binding.role):
            raise InvalidArgument(f"Role {binding.role} is not supported for this resource.")
        if not binding.members or not all(MEMBERS.fullmatch(member) for member in binding.members):
            raise InvalidArgument(_INVALID)
        if binding.condition is not None and policy.version != _WITH_CONDITIONS:
            raise InvalidArgument(_INVALID)


def _has_conditions(policy: Policy) -> bool:
    return any(binding.condition is not None for binding in policy.bindings)


def _without_conditions(policy: Policy) -> Policy:
    """Renames conditional roles for callers of older policy versions, so that they do not look unconditional."""
    if not _has_conditions(policy):
        return policy
    return replace(policy, version=1, bindings=[_marked(binding) for binding in policy.bindings])


def _marked(binding: Binding) -> Binding:
    if binding.condition is None:
        return binding
    mark = hashlib.sha256(encode(binding.condition)).hexdigest()[:20]
    return replace(binding, role=f"{binding.role}_withcond_{mark}", condition=None)


def _plain(etag: str) -> str:
    """Compares etags as bytes: both base64 alphabets, padded or not, are equal."""
    return etag.rstrip("=").replace("-", "+").replace("_", "/")
