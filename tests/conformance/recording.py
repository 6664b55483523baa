"""The contents of a recording: calls, and the responses of the service to them.

docs/internals/conformance.md documents the form.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

Json = dict[str, Any]
PUBLISHED = Path(__file__).with_name("published.json")
"""Published responses of the real service. `record` makes the same calls by default."""


class Answer(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One response: the name of its google.rpc code, then the message and details of an error, or the response message.

    `fields`: the fields of the response that were recorded; None: all of it.
    """

    code: str = "OK"
    message: str = ""
    details: list[Json] = []
    response: Json = {}
    fields: list[str] | None = None


class Call(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One call of an RPC, with its request as proto JSON. Without a response, it only prepares the next one."""

    rpc: str
    request: Json
    answer: Answer | None = None


class Case(Struct, kw_only=True, forbid_unknown_fields=True):
    """Calls that follow each other."""

    name: str
    calls: list[Call]


class Recording(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """All cases. `left_out`: cases of a published file that cannot be replayed, because their calls are unknown."""

    version: str
    recorded: str
    source: str
    cases: list[Case]
    left_out: list[str] = []


class Unusable(Exception):
    """The file or the response cannot be used. The message says why, and what to do."""


def read(path: Path) -> Recording:
    """A recording in our form, or in the form that aertje publishes. Errors: Unusable."""
    from .published import is_published, with_answers_of

    try:
        found = msgspec.json.decode(path.read_bytes())
        if is_published(found):
            return with_answers_of(found, read(PUBLISHED))
        return msgspec.convert(found, Recording)
    except (OSError, msgspec.MsgspecError) as error:
        raise Unusable(f"{path} is not a recording: {error}. See docs/internals/conformance.md.") from error


def written(recording: Recording) -> str:
    """A recording as the text of a file."""
    return msgspec.json.format(msgspec.json.encode(recording), indent=1).decode() + "\n"
