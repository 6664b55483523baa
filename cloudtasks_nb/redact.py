"""Secrets: which names carry them, what they look like, and what stands in their place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DOTS = "•••"

_NAMES = re.compile(
    r"authorization|cookie|password|passwd|passphrase|secret|token|credential|api-?key|private-?key|access-?key|"
    r"signature|session-?id|jwt|bearer|^x-goog-iam|^(key|sig|code|auth|pwd|pass|sid)$|[-_](auth|key|sig|pwd)$",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"^(page-?token|next-?page-?token|(oauth|oidc)-?token|token-?(type|uri|url)|idempotency-?key|kms-?key)$",
    re.IGNORECASE,
)
_VALUES = re.compile(
    r"(?P<kept>\bBearer\s+)[\w.~+/=:-]{6,}"
    r"|(?P<basic>\bBasic\s+)[A-Za-z0-9+/]{16,}={0,2}"
    r"|(?P<named>\b(?:(?:access|refresh|id|oauth)[_-]?token|client[_-]?secret|api[_-]?key|password)[\"']?\s*[=:]\s*[\"']?)"
    r"[^\s\"'&,;})]+"
    r"|\bya29\.[\w.-]{8,}"  # Google access tokens
    r"|\b1//[\w-]{20,}"  # Google refresh tokens
    r"|\bAIza[\w-]{30,}"  # Google API keys
    # JSON web tokens; inside a run of such characters only short ones, or every start would search to its end
    r"|(?:(?<![\w-])eyJ[\w-]{8,}|\beyJ[\w-]{8,1024})\.[\w-]{4,}(?:\.[\w-]*)?"
    r"|\bGOCSPX-[\w-]{20,}"  # OAuth client secrets
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_USERINFO = re.compile(r"(?<=://)[^/@\s?#]*(?=@)")
_PARAMETER = re.compile(r"(?<=[?&;])([^=&;#?\s]+)=([^&;#\s]*)")


def is_secret(name: str) -> bool:
    """Whether a header, parameter or field of this name carries a secret."""
    dashed = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).replace("_", "-")
    return bool(_NAMES.search(dashed)) and not _NOT_SECRET.search(dashed)


def scrub(text: str) -> str:
    """Text without the tokens, keys and URL passwords that are recognisable in it.

    >>> scrub("POST https://me:pw@example.com/?token=abc&n=1")
    'POST https://•••@example.com/?token=•••&n=1'
    """
    text = _VALUES.sub(lambda match: f"{match['kept'] or match['basic'] or match['named'] or ''}{DOTS}", text)
    if "=" in text:
        text = _PARAMETER.sub(
            lambda match: f"{match[1]}={DOTS}" if is_secret(match[1]) and match[2] else match[0], text
        )
    return _USERINFO.sub(DOTS, text) if "://" in text else text


def redacted(value: Any, name: str = "") -> Any:
    """Plain JSON values with every secret replaced, by its name or by what it looks like."""
    if name and is_secret(name) and value not in (None, "", True, False):
        return DOTS
    if isinstance(value, Mapping):
        return {key: redacted(held, str(key)) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item) for item in value]
    return scrub(value) if isinstance(value, str) else value
