"""The fields of a query: which values each accepts, and which tasks a term matches. (pure)"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, get_args

from msgspec import Struct

from ..errors import BY_RPC_CODE, QueryError
from ..model import KINDS, Task
from ..model.durations import parse_duration
from ..model.instants import instant_of
from ..model.task import TaskState, attempted_at, state_of
from ..model.unpacking import inflated
from .grammar import COMPARE, Term
from .payloads import payload_condition

Condition = Callable[[Task, datetime], bool]
"""Whether a task matches; durations count from the instant."""

METHODS = ("POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")
RPC_NAMES = ("OK", *(error.rpc_status for error in BY_RPC_CODE.values()))
_HTTP_FROM = 100
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # unused: only durations need it, and they are parsed before
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
_CODE_NAME = re.compile(r"CODE_\d+", re.ASCII)

# Words of other tools, and the equivalent term or field here.
_INSTEAD = {
    "failed": "code:error", "failing": "code:error", "error": "code:error", "success": "code:OK",
    "succeeded": "code:OK", "ok": "code:OK", "waiting": "is:due", "pending": "is:due", "overdue": "due<now",
    "retried": "attempts>1", "new": "attempts:0",
}  # fmt: skip
_FIELDS_INSTEAD = {
    "status": "code", "state": "is", "schedule": "due", "schedule_time": "due", "eta": "due", "target": "url",
    "task": "id", "task_id": "id", "name": "id", "age": "created", "create_time": "created",
    "dispatch_count": "attempts", "tries": "attempts", "body": "payload", "type": "kind", "last_code": "code",
    "last_message": "message", "last_attempt": "attempted", "last_dispatch_time": "attempted",
    "last_response_time": "attempted", "region": "location", "queue_id": "queue", "queue_name": "queue",
}  # fmt: skip


class Field(Struct, frozen=True):
    """A field: an example, whether it takes a comparison (`due<2h`) or a value (`tag:red`), and its test."""

    example: str
    test: Callable[[str, str], Condition]
    named: bool = True
    compared: bool = False
    values: tuple[str, ...] = ()


def condition_of(term: Term) -> Condition:
    """The condition of a term, without its minus. Errors: QueryError for an unknown field or value."""
    if not term.field:
        return _anywhere(term.values[0])
    field = FIELDS.get(term.field)
    if field is None or (term.path and term.field != "payload"):
        raise _unknown(term)
    if term.path:
        tests = [payload_condition(term.path, term.sign, value) for value in term.values]
    elif not (field.compared if term.sign in COMPARE else field.named):
        raise QueryError(f"{term.field} cannot be used with {term.sign!r}.", hint=f"write {field.example}")
    else:
        tests = [field.test(term.sign, value) for value in term.values]
    return tests[0] if len(tests) == 1 else lambda task, now: any(test(task, now) for test in tests)


def _unknown(term: Term) -> QueryError:
    meant = _FIELDS_INSTEAD.get(term.field) or nearest(term.field, FIELDS)
    after = str(Term(term.field, term.values, term.sign)).removeprefix(term.field)
    start = f"did you mean {meant}{after}? " if meant and not term.path else ""
    if term.path and nearest(term.field, ["payload"]):
        start = f"did you mean {Term('payload', term.values, term.sign, term.path)}? "
    quoted = '"' + str(term).removeprefix("-").replace('"', "") + '"'
    return QueryError(
        f"There is no field {term.name}.",
        hint=f"{start}Fields are {', '.join(FIELDS)}; to search for the text itself, put it in quotes: {quoted}",
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """The most similar known word, or "".

    >>> nearest("cod", ["code", "kind"])
    'code'
    """
    by_case = {one.casefold(): one for one in known}
    near = get_close_matches(word.casefold(), by_case, 1, 0.6)
    return by_case[near[0]] if near else ""


def _strange(field: str, value: str, known: Iterable[str]) -> QueryError:
    known = tuple(known)
    instead = _INSTEAD.get(value.casefold(), "") or nearest(value.replace("-", "_").replace(" ", "_"), known)
    term = instead if ":" in instead or "<" in instead or ">" in instead else f"{field}:{instead}"
    meant = f"did you mean {term}? " if instead else ""
    return QueryError(f"{field} has no value {value!r}.", hint=f"{meant}Values are {', '.join(known)}")


def _one_of(field: str, known: tuple[str, ...], held: Callable[[Task, datetime], str | None]) -> Field:
    """A field with a few possible values. Case is ignored, and "-" or " " may replace "_"."""
    by_case = {value.casefold(): value for value in known}

    def test(sign: str, value: str) -> Condition:
        wanted = by_case.get(re.sub(r"[\s-]", "_", value.casefold()))
        if wanted is None:
            raise _strange(field, value, known)
        return lambda task, now: held(task, now) == wanted

    return Field(f"{field}:{known[0]}", test, values=known)


def _holding(example: str, held: Callable[[Task], str | None]) -> Field:
    """A text field that contains the value, ignoring case."""

    def test(sign: str, value: str) -> Condition:
        wanted = value.casefold()
        return lambda task, now: wanted in (held(task) or "").casefold()

    return Field(example, test)


_LOCATION, _QUEUE, _BOTH, _WHOLE = slice(3, 4), slice(5, 6), slice(3, 6, 2), slice(6)  # of a name's parts


def _matching(parts: slice, value: str) -> Condition:
    """Parts of the task's name that equal the value, ignoring case. A `*` stands for any characters.

    The name is not checked: one unusual task must not end a whole query.
    """
    wanted = re.sub(r"[?[]", r"[\g<0>]", value.casefold())  # these two are no wildcards here
    return lambda task, now: fnmatchcase("/".join(task.name.split("/", 6)[parts]).casefold(), wanted)


def _queue(sign: str, value: str) -> Condition:
    """The id of the queue, or location/queue, as tables of many queues show it, or the full name."""
    if value.startswith("projects/"):
        return _matching(_WHOLE, value)
    if value.count("/") > 1:
        raise QueryError(
            f"queue has no value {value!r}.",
            hint="write queue:emails, queue:us-central1/emails or queue:projects/p/locations/us-central1/queues/emails",
        )
    return _matching(_BOTH if "/" in value else _QUEUE, value)


def _tag(sign: str, value: str) -> Condition:
    wanted = value.casefold()
    return lambda task, now: (task.tag or "").casefold() == wanted


def payload_text(task: Task) -> str:
    """The payload as text, with gzip unpacked; "" if no payload was read."""
    return inflated(task.payload or b"").decode("utf-8", "replace")


def _anywhere(text: str) -> Condition:
    wanted = text.casefold()

    def test(task: Task, now: datetime) -> bool:
        message = task.last_status.message if task.last_status is not None else ""
        held = (task.id, task.url or "", task.tag or "", message, payload_text(task))
        return any(wanted in one.casefold() for one in held)

    return test


def _code(sign: str, value: str) -> Condition:
    """An HTTP status, a google.rpc code by number or name, "error" or "none". Comparisons take HTTP statuses."""
    number = int(value) if _DIGITS.fullmatch(value) else None
    if sign != ":":
        if number is None or number < _HTTP_FROM:
            raise QueryError(
                f"code can only be compared with an HTTP status, not {value!r}.", hint="write code>=500"
            )
        compare = COMPARE[sign]
        return lambda task, now: (status := _http_status(task)) is not None and compare(status, number)
    name = re.sub(r"[\s-]", "_", value.upper())
    if name == "NONE":
        return lambda task, now: task.last_status is None
    if name == "ERROR":
        return lambda task, now: task.last_status is not None and task.last_status.code != 0
    if name in RPC_NAMES or _CODE_NAME.fullmatch(name):
        return lambda task, now: task.last_status is not None and task.last_status.code_name == name
    if number is None or not (number in (0, *BY_RPC_CODE) or _HTTP_FROM <= number < 1000):
        raise _strange(
            "code", value, ("503 (an HTTP status)", "14 (a google.rpc code)", *RPC_NAMES, "error", "none")
        )
    if number >= _HTTP_FROM:
        return lambda task, now: _http_status(task) == number
    return lambda task, now: task.last_status is not None and task.last_status.code == number


def _http_status(task: Task) -> int | None:
    return task.last_status.http_status if task.last_status is not None else None


def _attempts(sign: str, value: str) -> Condition:
    if not _DIGITS.fullmatch(value):
        raise QueryError(f"attempts must be a number, not {value!r}.", hint="write attempts>3 or attempts:0")
    equal: Callable[[Any, Any], bool] = operator.eq
    compare, wanted = COMPARE.get(sign, equal), int(value)
    return lambda task, now: compare(task.dispatch_count, wanted)


def _time(example: str, held: Callable[[Task], datetime | None], direction: int) -> Field:
    """A field of instants. Durations count from now: forward with `direction` 1, backward with -1."""

    def test(sign: str, value: str) -> Condition:
        compare, wanted = COMPARE[sign], _moment(example, value)
        if isinstance(wanted, datetime):
            return lambda task, now: (at := held(task)) is not None and compare(at, wanted)
        return lambda task, now: (at := held(task)) is not None and compare((at - now) * direction, wanted)

    return Field(example, test, named=False, compared=True)


def _moment(example: str, value: str) -> datetime | timedelta:
    """A duration (possibly negative), "now", or an instant. Errors: QueryError."""
    text = value.strip()
    if text.casefold() == "now":
        return timedelta(0)
    try:
        return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text)
    except ValueError:
        pass
    try:
        return instant_of(text, _NO_TIME)
    except (ValueError, OverflowError, OSError):
        field = re.split("[<>]", example)[0]
        raise QueryError(
            f"{value!r} is neither a duration nor an instant.",
            hint=f'write {example}, {field}<"1h 30m" or {field}<2026-03-01T09:00Z',
        ) from None


FIELDS: dict[str, Field] = {
    "is": _one_of("is", get_args(TaskState), state_of),
    "code": Field("code:503", _code, compared=True, values=("error", "none", *RPC_NAMES)),
    "attempts": Field("attempts>3", _attempts, compared=True),
    "due": _time("due<2h", lambda task: task.schedule_time, 1),
    "created": _time("created<1d", lambda task: task.create_time, -1),
    "attempted": _time("attempted<1h", attempted_at, -1),
    "kind": _one_of("kind", KINDS, lambda task, now: task.kind),
    "tag": Field("tag:red", _tag),
    "method": _one_of("method", METHODS, lambda task, now: (task.method or "").upper() or None),
    "id": _holding("id:order-7", lambda task: task.id),
    "url": _holding("url:example.com", lambda task: task.url),
    "message": _holding("message:timeout", lambda task: task.last_status.message if task.last_status else ""),
    "payload": _holding("payload:ada", payload_text),
    "queue": Field("queue:emails", _queue),
    "location": Field("location:us-central1", lambda sign, value: _matching(_LOCATION, value)),
}
"""Every field, in the order of suggestions. `payload.KEY` is the value of a key in the payload."""
