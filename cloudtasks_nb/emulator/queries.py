"""Query parameters: the system's own and those of the method, read strictly. Source: SPEC section 1.5."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ..errors import InvalidArgument
from ..model.methods import Method
from .bodies import bad_request
from .scalars import SCALARS, VIEW, enum

_SYSTEM = {
    "$.xgafv", "access_token", "alt", "bearer_token", "callback", "fields", "key", "oauth_token", "pp", "prettyPrint",
    "quotaUser", "uploadType", "upload_protocol",
}  # fmt: skip
_READERS = {"page_size": SCALARS[int], "response_view": enum(VIEW)}


class SystemParameters(Struct, frozen=True):
    """What every method understands."""

    pretty: bool = True
    legacy_errors: bool = False


def system_parameters(query: Iterable[tuple[str, str]]) -> SystemParameters:
    """The system's own parameters. Errors: InvalidArgument."""
    first: dict[str, str] = {}
    xgafv = None
    for name, value in query:
        if name == "$.xgafv":
            xgafv = value
        first.setdefault(name.removeprefix("$"), value)
    if xgafv not in (None, "1", "2"):
        raise InvalidArgument(
            f"Invalid query parameters. Invalid value '{xgafv}' for system query parameter : $.xgafv"
        )
    _check_alt(first.get("alt", ""))
    pretty = first.get("prettyPrint", first.get("pp", "true")).lower() not in ("false", "0")
    return SystemParameters(pretty, xgafv == "1")


def _check_alt(alt: str) -> None:
    # Google's generated clients may add ";enum-encoding=int", which asks for what JSON readers accept either way.
    kind = alt.lower().partition(";")[0]
    if kind in ("media", "proto"):
        raise InvalidArgument(f'Unsupported alt type "{alt}" for non byte stream request.')
    if kind not in ("", "json"):
        raise InvalidArgument(f"Invalid value \"{alt}\" for query parameter 'alt'")


def method_parameters(method: Method, query: Iterable[tuple[str, str]]) -> dict[str, str | int]:
    """The method's own parameters by their snake_case names; unknown ones are refused. Errors: InvalidArgument."""
    known = {name: _snake(name) for name in method.query} | {
        _snake(name): _snake(name) for name in method.query
    }
    read: dict[str, str | int] = {}
    violations = []
    for name, text in query:
        if name.removeprefix("$") in _SYSTEM or name in _SYSTEM:
            continue
        if name not in known:
            violations.append(("", _unknown(name)))
            continue
        snake = known[name]
        reader = _READERS.get(snake, SCALARS[str])
        try:
            read[snake] = reader.read(_number(text) if snake in _READERS else text)
        except ValueError:
            violations.append((snake, f"Invalid value at '{snake}' ({reader.label}), \"{text}\""))
    if violations:
        raise bad_request(violations)
    return read


def _unknown(name: str) -> str:
    return (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )


def _number(text: str) -> str | int:
    """Numbers as numbers: an enum may be given as either."""
    return int(text) if text.isdecimal() and text.isascii() else text


def _snake(camel: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in camel)
