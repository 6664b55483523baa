"""Finds the differences between the emulator's responses and the recording."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from msgspec import UNSET, Struct

from .apis import Api
from .places import new_place
from .recording import Answer, Recording
from .running import made


class Difference(Struct, frozen=True):
    """One difference. Its text is one line."""

    call: str
    field: str
    recorded: Any
    answered: Any

    def __str__(self) -> str:
        recorded, answered = _written(self.recorded), _written(self.answered)
        return f"{self.call}: {self.field}: the recording has {recorded}, the emulator returns {answered}"


def differences(recording: Recording, api: Api) -> Iterator[Difference]:
    """All differences, call by call. Errors: Unusable."""
    place = new_place("conformance-replay", "us-central1")
    with closing(made(recording, api, place)) as run:
        for one in run:
            if one.call.answer is not None:
                call = f"{one.case.name}: call {one.number}, {one.call.rpc} over {api.over}"
                yield from between(call, one.call.answer, one.answer)


def between(call: str, recorded: Answer, answered: Answer) -> Iterator[Difference]:
    """The differences between two responses to one call."""
    if recorded.code != answered.code:
        yield Difference(call, "code", _outcome(recorded), _outcome(answered))
        return
    if recorded.message != answered.message:
        yield Difference(call, "message", recorded.message, answered.message)
    if recorded.details != answered.details:
        yield Difference(call, "details", recorded.details, answered.details)
    for field, ours, theirs in _compared(recorded, answered):
        yield from _within(call, field, ours, theirs)


def _outcome(answer: Answer) -> str:
    return " ".join(filter(None, (answer.code, answer.message)))


def _compared(recorded: Answer, answered: Answer) -> Iterator[tuple[str, Any, Any]]:
    if recorded.fields is None:
        yield "response", recorded.response, answered.response
    for path in recorded.fields or ():
        yield f"response.{path}", _at(recorded.response, path), _at(answered.response, path)


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name, UNSET) if isinstance(value, Mapping) else UNSET
    return value


def _within(call: str, field: str, recorded: Any, answered: Any) -> Iterator[Difference]:
    """The differences between two values; for objects, one for each member."""
    if isinstance(recorded, Mapping) and isinstance(answered, Mapping):
        for name in sorted({*recorded, *answered}):
            yield from _within(call, f"{field}.{name}", recorded.get(name, UNSET), answered.get(name, UNSET))
    elif recorded != answered:
        yield Difference(call, field, recorded, answered)


def _written(value: Any) -> str:
    return "nothing" if value is UNSET else json.dumps(value, ensure_ascii=False)
