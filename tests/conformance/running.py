"""Makes the calls of a recording, sends no task, and deletes everything afterwards."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from msgspec import Struct

from .apis import RPCS, Api
from .places import Place
from .recording import Answer, Call, Case, Json, Recording, Unusable

_INITIALIZED_WITHIN_S = 120
_PAUSE_S = 2.0
_ABSOLUTE = re.compile(r"projects/|\{location\}(?!$|-other/)")
_NAMED = {"CreateQueue", "UpdateQueue"}


class Made(Struct, frozen=True):
    """A finished call: its number in its case, and its response without the names of the caller."""

    case: Case
    number: int
    call: Call
    answer: Answer


def made(recording: Recording, api: Api, place: Place) -> Generator[Made, None, None]:
    """Make all calls in a separate queue, and delete all queues that they created. Errors: Unusable."""
    _check(recording)
    queues = {place.filled(name) for name in _queue_names(recording)}
    with _paused_queue(api, place, queues):
        for case in recording.cases:
            for number, call in enumerate(case.calls, 1):
                answer = api.answer(call.rpc, place.filled(call.request))
                yield Made(case, number, call, redacted(answer, place))


def redacted(answer: Answer, place: Place) -> Answer:
    """The response in a form that can be stored and compared."""
    return Answer(
        code=answer.code,
        message=place.redacted(answer.message),
        details=place.redacted(answer.details),
        response=place.redacted(answer.response),
    )


@contextmanager
def _paused_queue(api: Api, place: Place, others: set[str]) -> Iterator[None]:
    """Create the queue of these calls, paused so that no task is sent; at the end, delete all created queues."""
    try:
        _expect_ok(api, "CreateQueue", {"parent": place.location, "queue": {"name": place.queue}})
        _wait_until_there(api, place.queue)
        _expect_ok(api, "PauseQueue", {"name": place.queue})
        yield
    finally:
        for name in sorted({place.queue, *others}):
            _delete(api, name)


def _delete(api: Api, queue: str) -> None:
    """Delete a queue that may not exist. Prints a failure instead of raising it: other queues follow."""
    try:
        outcome = api.answer("DeleteQueue", {"name": queue}).code
    except Unusable as error:
        outcome = str(error)
    if outcome not in ("OK", "NOT_FOUND"):
        print(f"{queue} was not deleted ({outcome}). Delete it by hand.", file=sys.stderr)


def _wait_until_there(api: Api, queue: str) -> None:
    """Wait until the service finds a new queue everywhere."""
    end = time.monotonic() + _INITIALIZED_WITHIN_S
    while api.answer("GetQueue", {"name": queue}).code == "NOT_FOUND" and time.monotonic() < end:
        time.sleep(_PAUSE_S)


def _expect_ok(api: Api, rpc: str, request: Json) -> None:
    answer = api.answer(rpc, request)
    if answer.code != "OK":
        raise Unusable(f"{rpc} was rejected: {answer.code}: {answer.message}")


def _queue_names(recording: Recording) -> Iterator[str]:
    """The names of all queues that the calls may create."""
    for call in (call for case in recording.cases for call in case.calls if call.rpc in _NAMED):
        name = call.request.get("queue", {}).get("name", "")
        if name.startswith("{queue}"):
            yield name


def _check(recording: Recording) -> None:
    """Raise Unusable for calls that could reach any other queue."""
    for case in recording.cases:
        for call in case.calls:
            if call.rpc not in RPCS:
                raise Unusable(f"{case.name}: {call.rpc} is not one of {', '.join(sorted(RPCS))}.")
            for text in _texts(call.request):
                if _ABSOLUTE.search(text):
                    raise Unusable(
                        f"{case.name}: {call.rpc} names {text!r}. A name must begin with {{queue}}, "
                        "be {location}, or begin with {location}-other/: no other queue is touched."
                    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for held in value.values():
            yield from _texts(held)
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)
    elif isinstance(value, str):
        yield value
