"""Finds secrets by name and by form, replaces them with •••, and has the switch that shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

DOTS = "•••"

_switch = False
_revealing = ContextVar("revealing", default=False)

_NAMES = re.compile(
    r"authorization|cookie|password|passwd|passphrase|secret|token|credential|api-?key|private-?key|code-?verifier|access-?key|"
    r"signature|session-?id|jwt|bearer|hmac|[cx]srf|authenticat(e|ion)$|^x-goog-iam|^(key|sig|code|auth|pwd|pass|sid|otp|pin)$|"
    r"[-_](auth|key|sig|pwd|pass|sid|session|otp|pin)$",
    re.IGNORECASE,
)
# A string with such a name is a secret; a number seldom is.
_BRIEF_NAMES = re.compile(r"key|sig|code|auth|pass|sid|otp|pin", re.IGNORECASE)
_NOT_SECRET = re.compile(
    r"^(page-?token|next-?page-?token|(oauth|oidc)-?token|token-?(type|uri|url)|idempotency-?key|kms-?key)$",
    re.IGNORECASE,
)
_VALUES = re.compile(
    r"(?P<kept>\bBearer\s+)[\w.~+/=:-]{6,}"
    r"|(?P<basic>\bBasic\s+)[A-Za-z0-9+/]{16,}={0,2}"
    r"|(?P<named>\b(?:(?:access|refresh|id|oauth)[_-]?token|client[_-]?secret|api[_-]?key|password)"
    r"(?:[\"']\s*[=:]\s*b?[\"']|\s*[=:]\s*[\"']?))"  # a quoted name has a quoted value; otherwise it is prose
    r"(?!\.\.\.(?![^\s\"'&,;})]))[^\s\"'&,;})]+"  # hints have three dots in place of a secret
    r"|\bya29\.[\w.-]{8,}"  # Google access tokens
    r"|\b1//[\w-]{20,}"  # Google refresh tokens
    r"|\bAIza[\w-]{30,}"  # Google API keys
    # JSON web tokens. Inside a longer run the length is limited, or each start would search to the end.
    r"|(?:(?<![\w-])eyJ[\w-]{8,}|\beyJ[\w-]{8,1024})\.[\w-]{4,}(?:\.[\w-]*)?"
    r"|\bGOCSPX-[\w-]{20,}"  # OAuth client secrets
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
# Every match of _VALUES contains one of these. Searching for these first is many times faster, and searching for the
# rarest letter of each, which is given before it, is faster again.
_HINTS = (
    *(("b", "bearer"), ("b", "basic"), ("k", "token"), ("k", "key"), ("w", "password"), ("c", "secret")),
    *(("y", "ya29."), ("1", "1//"), ("z", "aiza"), ("j", "eyj"), ("x", "gocspx-")),
)
_LEAST = 10  # without "=" and "/" no shorter text is recognised as a secret
_USERINFO = re.compile(r"(?<=://)[^/@\s?#]*(?=@)")
_PARAMETER = re.compile(r"(?<=[?&;])([^=&;#?\s]+)=([^&;#\s]*)")
_FORM = re.compile(r"[\w.%+*\[\]-]+=[^\s&]*(?:&[\w.%+*\[\]-]+=[^\s&]*)*\s*")
_LINE = re.compile(r"^([\w.-]{1,64})([ \t]*[:=][ \t]*)(?=\S)[^\n]*", re.MULTILINE)
_MEMBER = re.compile(r'("([^"\\\n]{1,64})"\s{0,20}:\s{0,20})("(?:[^"\\]|\\.)*"?|-?\d[\w.+-]*)')  # of JSON
_PAIR = re.compile(  # such as {"key": "Cookie", "value": "a=b"}
    r'("(?:key|name)"\s{0,20}:\s{0,20}"([^"\\\n]{1,64})"\s{0,20},\s{0,20}"value"\s{0,20}:\s{0,20})"(?:[^"\\]|\\.)*"?'
)
_LEVELS = 64
"""Deeper levels of JSON are not shown."""


def show_secrets(on: bool = True) -> None:
    """Show the secrets that cards, tables and payloads hide as •••, in this Python process, until show_secrets(False).

    Only later output changes. Errors, logs, panels and reprs still hide secrets. The choice is not saved. A notebook
    keeps the outputs that show secrets: clear them before you share it.

    Example:
        >>> import cloudtasks_nb as ct
        >>> ct.show_secrets()
        >>> ct.show_secrets(False)
    """
    global _switch
    if not isinstance(on, bool):
        raise TypeError("show_secrets() takes True or False.")
    _switch = on


@contextmanager
def as_switched() -> Iterator[None]:
    """Within a with block, show or hide secrets as set by `show_secrets`."""
    token = _revealing.set(_switch)
    try:
        yield
    finally:
        _revealing.reset(token)


@contextmanager
def hiding() -> Iterator[None]:
    """Within a with block, always hide secrets: reprs go into logs and errors."""
    token = _revealing.set(False)
    try:
        yield
    finally:
        _revealing.reset(token)


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Whether a header, parameter or field of this name carries a secret."""
    dashed = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).replace("_", "-")
    return bool(_NAMES.search(dashed)) and not _NOT_SECRET.search(dashed)


def scrub(text: str) -> str:
    """Replace the tokens, keys and URL passwords that are recognised in a text.

    >>> scrub("POST https://me:pw@example.com/?token=abc&n=1")
    'POST https://•••@example.com/?token=•••&n=1'
    """
    if _revealing.get() or (len(text) < _LEAST and "=" not in text and "/" not in text):
        return text
    lowered = text.lower()
    if any(rare in lowered and hint in lowered for rare, hint in _HINTS):
        text = _VALUES.sub(
            lambda match: f"{match['kept'] or match['basic'] or match['named'] or ''}{DOTS}", text
        )
    if "=" in text:
        text = _PARAMETER.sub(
            lambda match: f"{match[1]}={DOTS}" if is_secret(match[1]) and match[2] else match[0], text
        )
    return _USERINFO.sub(DOTS, text) if "://" in text and "@" in text else text


def scrub_lines(text: str) -> str:
    """As scrub(), also for secrets in lines ("password: …", "TOKEN=…"), form fields and JSON.

    >>> scrub_lines("user=ada&pass=hunter2")
    'user=ada&pass=•••'
    """
    if _revealing.get():
        return text
    if _FORM.fullmatch(text):
        return scrub(f"?{text}")[1:]
    text = _LINE.sub(lambda match: f"{match[1]}{match[2]}{DOTS}" if is_secret(match[1]) else match[0], text)
    if '"' in text:
        text = _PAIR.sub(lambda match: f'{match[1]}"{DOTS}"' if is_secret(match[2]) else match[0], text)
        text = _MEMBER.sub(_member, text)
    return scrub(text)


def _member(match: re.Match[str]) -> str:
    value = match[3].strip('"') if match[3].startswith('"') else 2
    hidden = is_secret(match[2]) and _could_be_secret(value, match[2])
    return f'{match[1]}"{DOTS}"' if hidden else match[0]


def redacted(value: Any, name: str = "", levels: int = _LEVELS) -> Any:
    """Plain JSON values, with every secret replaced that has a secret's name or form."""
    if _revealing.get():
        return value
    if name and is_secret(name) and _could_be_secret(value, name):
        return DOTS
    if isinstance(value, Mapping | list | tuple) and not levels:
        return "…"
    if isinstance(value, Mapping):
        named = named_inside(value)
        return {
            redacted(key): redacted(held, named.get(key, str(key)), levels - 1) for key, held in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(item, "", levels - 1) for item in value]
    return scrub(value) if isinstance(value, str) else value


def named_inside(value: Mapping[Any, Any]) -> dict[str, str]:
    """For objects such as {"key": "Cookie", "value": "a=b"} (or with "name"): the name that applies to the value."""
    for key in ("key", "name"):
        if isinstance(name := value.get(key), str) and "value" in value:
            return {"value": name, key: ""}
    return {}


def _could_be_secret(value: Any, name: str) -> bool:
    if value in (None, "", True, False):
        return False
    return not (isinstance(value, int | float) and _BRIEF_NAMES.fullmatch(name))


def is_hidden(value: Any) -> bool:
    """Whether a text contains ••• in place of a secret. Such a text must not be sent."""
    return isinstance(value, str) and DOTS in value
