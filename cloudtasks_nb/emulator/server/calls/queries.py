"""Reads query parameters strictly: the system's parameters and those of the method. Source: SPEC section 1.5."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from msgspec import Struct

from ....errors import InvalidArgument
from ....model.methods import Method
from ....model.schema import snake
from .refusals import bad_request
from .request import Pairs, Request
from .scalars import ENUMS, SCALARS, enum

SYSTEM = {
    "$.xgafv", "access_token", "alt", "bearer_token", "callback", "fields", "key", "oauth_token", "pp", "prettyPrint",
    "quotaUser", "upload_protocol",
}  # fmt: skip
_ALIASES = SYSTEM | {f"${name}" for name in SYSTEM}
_READERS = {"page_size": SCALARS[int], "response_view": enum(ENUMS["response_view"])}
_CALLBACK = re.compile(r"[A-Za-z0-9_$.\[\]]+")
_ENUM_NUMBERS = "enum-encoding=int"
_MAX_QUOTA_USER = 40
_HEADERS = ("X-Goog-FieldMask", "X-Goog-Api-Key", "X-Goog-Quota-User")


class SystemParameters(Struct, frozen=True):
    """The system parameters that every method accepts; `check` rejects invalid ones.

    `callback`: the function that the response calls, as a script (JSONP). `token`: a credential in the query.
    """

    pretty: bool = True
    xgafv: str | None = None
    callback: str = ""
    alt: str = ""
    enum_numbers: bool = False
    fields: str = ""
    token: str = ""
    key: str = ""
    quota_user: str = ""

    @property
    def legacy_errors(self) -> bool:
        return self.xgafv == "1"

    def check(self) -> None:
        """Checks in the service's own order. Errors: InvalidArgument."""
        if self.xgafv not in (None, "1", "2"):
            raise InvalidArgument(
                f"Invalid query parameters. Invalid value '{self.xgafv}' for system query parameter : $.xgafv"
            )
        if self.callback and not _CALLBACK.fullmatch(self.callback):
            raise InvalidArgument(
                f"Invalid JSONP callback name: '{self.callback}'; only alphabet, number, '_', '$', '.', '[' and ']' "
                "are allowed."
            )
        kind = self.alt.lower()
        if kind in ("media", "proto"):
            raise InvalidArgument(f'Unsupported alt type "{kind}" for non byte stream request.')
        if kind not in ("", "json"):
            raise InvalidArgument(f"Invalid value \"{self.alt}\" for query parameter 'alt'")
        if len(self.quota_user) > _MAX_QUOTA_USER:
            raise InvalidArgument(f"quotaUser should not exceed {_MAX_QUOTA_USER} characters.")


def system_parameters(call: Request) -> SystemParameters:
    """The system parameters: the first value of each, but the last $.xgafv. Headers replace some."""
    field_mask, key, quota_user = (call.headers.get(name, "") for name in _HEADERS)
    return _system_parameters(call.query, field_mask, key, quota_user, with_callback=_is_plain_get(call))


@lru_cache(maxsize=256)  # most calls have the same parameters
def _system_parameters(
    query: Pairs, field_mask: str, key: str, quota_user: str, *, with_callback: bool
) -> SystemParameters:
    first: dict[str, str] = {}
    for name, value in query:
        if name in _ALIASES:
            first.setdefault(name.removeprefix("$"), value)
    alt, _, encoding = first.get("alt", "").partition(";")
    if encoding not in ("", _ENUM_NUMBERS):
        alt = first["alt"]
    is_json = alt.lower() in ("", "json")
    return SystemParameters(
        pretty=first.get("prettyPrint", first.get("pp", "true")).lower() not in ("false", "0"),
        xgafv=next((value for name, value in reversed(query) if name == "$.xgafv"), None),
        callback=first.get("callback", "") if is_json and with_callback else "",
        alt=alt,
        enum_numbers=encoding == _ENUM_NUMBERS,
        fields=first.get("fields", field_mask),
        token=next(
            (first[name] for name in ("access_token", "oauth_token", "bearer_token") if first.get(name)), ""
        ),
        key=first.get("key", key),
        quota_user=first.get("quotaUser", quota_user),
    )


def _is_plain_get(call: Request) -> bool:
    """Whether a script element can send this; it cannot send a POST that stands for a GET."""
    return call.http == "GET" and "X-HTTP-Method-Override" not in call.headers


def method_parameters(method: Method, query: Iterable[tuple[str, str]]) -> dict[str, str | int]:
    """The method's own parameters by their snake_case names; rejects unknown ones. Errors: InvalidArgument."""
    known = _known(method)
    read: dict[str, str | int] = {}
    violations = []
    for name, text in query:
        if name in _ALIASES:
            continue
        if name not in known:
            violations.append(("", _unknown(name)))
            continue
        snake_name = known[name]
        reader = _READERS.get(snake_name, SCALARS[str])
        try:
            read[snake_name] = reader.read(_number(text) if snake_name in _READERS else text)
        except ValueError:
            violations.append((snake_name, f"Invalid value at '{snake_name}' ({reader.label}), \"{text}\""))
    if violations:
        raise bad_request(violations)
    return read


@cache
def _known(method: Method) -> dict[str, str]:
    return {spelled: snake(name) for name in method.query for spelled in (name, snake(name))}


def _unknown(name: str) -> str:
    return (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )


def _number(text: str) -> str | int:
    """Converts numbers, because an enum may be a name or a number."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 20 else text
