"""Refusals of the front: what is wrong with a call before it means anything. Source: SPEC sections 1.5 and 6."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArgument

INVALID = "Request contains an invalid argument."


class NotJson(InvalidArgument):
    """A body that is no JSON."""


class BadValues(InvalidArgument):
    """Members or parameters that do not exist, or values that do not fit."""


def bad_request(violations: list[tuple[str, str]]) -> BadValues:
    """Everything that is wrong with a body or a query, from (path, description) pairs."""
    text = "\n".join(description for _, description in violations)
    return BadValues(text, details=[_detail(violations)])


def bad_fields(path: str, why: str) -> InvalidArgument:
    """A selection of fields that cannot be made."""
    return InvalidArgument(INVALID, details=[_detail([(path, f"Error expanding 'fields' parameter. {why}")])])


def _detail(violations: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
            {"field": field, "description": description} if field else {"description": description}
            for field, description in violations
        ],
    }
