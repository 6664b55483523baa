"""The caller that a token stands for. It verifies nothing, because the emulator is for tests. Pure.

A token is one of these: an e-mail address or a member ("ada@example.com", "user:ada@example.com",
"serviceAccount:bot@p.iam.gserviceaccount.com"); a JSON Web Token, whose `email`, `sub` or `iss` is read without
checking its signature; or one that the emulator's own /token endpoint issued.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

import msgspec
from msgspec import Struct

SCOPES = frozenset(
    f"https://www.googleapis.com/auth/{name}" for name in ("cloud-platform", "cloud-tasks")
)  # any one of them is enough

_EMAIL = re.compile(r"[^\s@:/]{1,200}@[^\s@:/]{1,200}")
_MEMBER = re.compile(rf"(?:user|serviceAccount):{_EMAIL.pattern}")
MEMBERS = re.compile(r"allUsers|allAuthenticatedUsers|[A-Za-z]+:\S+|(principal|principalSet)://\S+")
_DELIVERED = "ya29.emulator."  # the access token that a task carries to a *.googleapis.com target


class Caller(Struct, frozen=True):
    """`member`: in the form of policies. `scopes`: None if the token has none."""

    member: str
    scopes: frozenset[str] | None = None
    until_s: float | None = None

    @property
    def email(self) -> str:
        return self.member.partition(":")[2]

    def may_call(self, scopes: frozenset[str] = SCOPES) -> bool:
        """Whether the token covers any of these scopes."""
        return self.scopes is None or bool(self.scopes & scopes)

    def is_one_of(self, members: list[str]) -> bool:
        """Whether one of these members of a policy is, or includes, the caller."""
        names = {self.member.lower(), f"domain:{self.email.partition('@')[2]}".lower(), "allusers"}
        names.add("allauthenticatedusers")
        return any(member.lower() in names for member in members)


def member(text: str) -> str | None:
    """The member for an e-mail address or a member; None for anything else.

    >>> member("bot@p.iam.gserviceaccount.com")
    'serviceAccount:bot@p.iam.gserviceaccount.com'
    """
    if _MEMBER.fullmatch(text):
        return text
    if not _EMAIL.fullmatch(text):
        return None
    return f"serviceAccount:{text}" if text.endswith(".gserviceaccount.com") else f"user:{text}"


def caller_in(token: str) -> Caller | None:
    """The caller that a token names without a lookup; None if it names nobody."""
    named = member(token)
    if named is not None:
        return Caller(named)
    claims = jwt_claims(token.removeprefix(_DELIVERED))
    if claims is None:
        return None
    for claim in ("email", "sub", "iss"):
        named = member(str(claims.get(claim, "")))
        if named is not None:
            scope = claims.get("scope")
            return Caller(
                named,
                frozenset(scope.split()) if isinstance(scope, str) else None,
                numeric_date(claims, "exp"),
            )
    return None


def numeric_date(claims: dict[str, Any], name: str) -> float | None:
    """A time in a JSON Web Token, in seconds since 1970; None if it is not a number.

    >>> numeric_date({"exp": 10**400}, "exp")
    inf
    """
    held = claims.get(name)
    if not isinstance(held, int | float):
        return None
    try:
        return float(held)
    except OverflowError:  # JSON allows numbers too large for a float
        return math.inf if held > 0 else -math.inf


def jwt_claims(token: str) -> dict[str, Any] | None:
    """The claims of a JSON Web Token, signed or not; None for any other text."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        raw = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = msgspec.json.decode(raw)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None
