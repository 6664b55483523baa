"""IAM policies of queues: stored, guarded by their etag, not enforced. Source: SPEC section 7."""

from __future__ import annotations

import base64
import re

from msgspec.structs import replace

from ..errors import Aborted, InvalidArgument
from ..model import Policy, decode, encode
from ..model.messages import (
    GetIamPolicyRequest,
    SetIamPolicyRequest,
    TestIamPermissionsRequest,
    TestIamPermissionsResponse,
)
from ..names import parse_queue
from .context import Context, existing_queue
from .locations import check_location

_INVALID = "Request contains an invalid argument."
_NO_POLICY = Policy(etag="ACAB")  # what Google answers where none was ever set
_ROLE = re.compile(r"(roles|projects/[^/]+/roles|organizations/[^/]+/roles)/[A-Za-z0-9_.]+")
_MEMBER = re.compile(r"allUsers|allAuthenticatedUsers|[A-Za-z]+:\S+|(principal|principalSet)://\S+")
_MAX_PRINCIPALS = 1500


class PolicyService:
    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self, resource: str, body: GetIamPolicyRequest) -> Policy:
        stored = existing_queue(self._context.store, parse_queue(resource)).policy
        return decode(stored.encode(), Policy) if stored else _NO_POLICY

    def set(self, resource: str, body: SetIamPolicyRequest) -> Policy:
        store = self._context.store
        found = existing_queue(store, parse_queue(resource))
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
        etag = base64.b64encode(self._context.random.randbytes(8)).decode()
        policy = replace(body.policy, etag=etag)
        store.save_policy(found.row, encode(policy).decode())
        return policy

    def test(self, resource: str, body: TestIamPermissionsRequest) -> TestIamPermissionsResponse:
        name = parse_queue(resource)
        check_location(name.parent)
        if any("*" in permission for permission in body.permissions):
            raise InvalidArgument(_INVALID)
        held = body.permissions if self._context.store.queue(str(name)) is not None else []
        return TestIamPermissionsResponse(permissions=held)


def _check(policy: Policy) -> None:
    if policy.version not in (0, 1, 3):
        raise InvalidArgument(_INVALID)
    if sum(len(binding.members) for binding in policy.bindings) > _MAX_PRINCIPALS:
        raise InvalidArgument(_INVALID)
    for binding in policy.bindings:
        if not _ROLE.fullmatch(binding.role):
            raise InvalidArgument(f"Role {binding.role} is not supported for this resource.")
        if not binding.members or not all(_MEMBER.fullmatch(member) for member in binding.members):
            raise InvalidArgument(_INVALID)
        if binding.condition is not None and policy.version != 3:
            raise InvalidArgument(_INVALID)


def _plain(etag: str) -> str:
    """Both base64 alphabets, padded or not, mean the same etag."""
    return etag.rstrip("=").replace("-", "+").replace("_", "/")
