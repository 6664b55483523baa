"""Strategies for requests to a method: paths, queries and bodies, valid and invalid."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.calls.bodies import Member, fields
from cloudtasks_nb.emulator.server.calls.queries import snake
from cloudtasks_nb.emulator.server.calls.request import Pairs, Request
from cloudtasks_nb.emulator.server.calls.scalars import ENUMS
from cloudtasks_nb.model import Message
from cloudtasks_nb.model.methods import METHODS, Method
from tests.unit.emulator.conftest import PARENT, QUEUE

PULL = f"{PARENT}/queues/pull"
_NAMES = ("projects/p", PARENT, QUEUE, PULL, f"{QUEUE}/tasks/t", f"{PULL}/tasks/t", f"{PARENT}/cmekConfig")
_SEGMENTS = st.sampled_from(
    ["", " ", "a.b", "-", "é", "\x00", "%2F", "..", "x" * 600, "projects", "q:pause", "a\nb"]
)

SYSTEM = (
    "$.xgafv", "access_token", "alt", "bearer_token", "callback", "fields", "key", "oauth_token", "pp", "prettyPrint",
    "quotaUser", "uploadType", "upload_protocol", "$alt", "$fields", "colour", "",
)  # fmt: skip

NAMES = st.sampled_from([*_NAMES, f"{PARENT}/operations/o", f"{QUEUE}/tasks/new", "tasks/t", "*", "_"])
DURATIONS = st.sampled_from(
    ["0s", "60s", "-1s", "0.1s", "604801s", "1e9s", "315576000001s", "s", "5", "864000s"]
)
INSTANTS = st.sampled_from(
    ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.250Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
     "2026-02-30T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01", "1e3", "0001-01-01T00:00:00+14:00"]
)  # fmt: skip
MASKS = st.sampled_from(
    ["name", "*", "rateLimits.maxBurstSize", "retry_config", "retryConfig.maxAttempts,state", "a.b", ",", "stats",
     "httpTarget.uriOverride.host", "name.x", "kmsKey", "pull_target", "." * 50]
)  # fmt: skip
FILTERS = st.sampled_from(
    ["state=RUNNING", "state: PAUSED OR name:q", "tag=a", 'tag="\\"x"', "tag_function=oldest_tag()", "((", "NOT",
     "rateLimits.maxBurstSize>5", "stats.tasksCount>1", "displayName=Tokyo", "purgeTime>x", "-", '"', "a" * 999, "tag="]
)  # fmt: skip
SELECTIONS = st.sampled_from(
    [
        "name",
        "*",
        "tasks/name",
        "queues(name,state)",
        "a(b",
        "tasks/*/url",
        "response/tasks(name)",
        "/",
        "(" * 99,
        "e/e",
    ]
)
TEXTS = st.one_of(
    NAMES, DURATIONS, INSTANTS, MASKS, FILTERS, SELECTIONS, st.text(max_size=12),
    st.sampled_from(["true", "1", "-1", "99999999999999999999", "1e400", "FULL", "BASIC", "json", "media", "null",
                     "json;enum-encoding=int", "roles/cloudtasks.viewer", "user:ada@example.com", "https://example.com"]),
)  # fmt: skip

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    "TYPE_STRING": TEXTS,
    "TYPE_BOOL": st.booleans() | st.sampled_from(["true", "yes", 1]),
    "TYPE_INT32": st.integers(-5, 5) | st.sampled_from([2**31, 1.5, "7", 1000, 100]),
    "TYPE_INT64": st.integers(-5, 70_000).map(str) | st.sampled_from([2**63, 5]),
    "TYPE_DOUBLE": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["1.5", 500, -1]),
    "TYPE_BYTES": st.sampled_from(["aGk=", "aGk", "-_8", "%", "a", ""]),
    "type.googleapis.com/google.protobuf.Timestamp": INSTANTS,
    "type.googleapis.com/google.protobuf.Duration": DURATIONS,
}
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def messages(kind: type[Message], depth: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """JSON of a message: mostly valid, with some invalid members."""
    known = list({field.name: field for field in fields(kind).values()}.values())
    members = {
        name: values(field, depth - 1) for field in known for name in {field.name, field.camel} if depth
    }
    return st.fixed_dictionaries({}, optional={**members, "colour": JUNK})


def values(field: Member, depth: int) -> st.SearchStrategy[Any]:
    """Values for a member."""
    if isinstance(field.holds, type) and issubclass(field.holds, Message):
        one: st.SearchStrategy[Any] = st.deferred(lambda: messages(field.holds, depth))
    elif field.name in ENUMS:
        one = st.sampled_from([*ENUMS[field.name].names, 0, 1, 99, -1])
    else:
        one = _SCALARS.get(field.holds.label, JUNK) if field.holds is not None else JUNK
    if field.repeated:
        one = st.lists(one, max_size=4)
    if field.mapped:
        one = st.dictionaries(TEXTS, one, max_size=3)
    return st.one_of(one, one, one, st.none(), JUNK)


SPOILED = st.sampled_from(
    [b"", b"{", b"[]", b"null", b"5", b'"x"', b"{'a': 1}", b'{"task": NaN}', b'{"pageSize": 1e400}', b"\xff\xfe",
     b"\x00",
     b'{"task": {"name": "\\ud800"}}', b'{"a": 1, "a": 2}', b'{"task": 1, "task": {}}', b"[" * 5000, b'{"task":' * 3000,
     b'{"maxTasks": ' + b"9" * 5000 + b"}", b'{"task": {"httpRequest": {"url": "\\u0000"}}}',
     b"%00", b"queue: [{name: a}]"]
)  # fmt: skip


def bodies(method: Method) -> st.SearchStrategy[bytes]:
    """A body for this method."""
    if method.request is None:
        return st.just(b"") | SPOILED
    whole = messages(method.request).map(lambda content: json.dumps(content).encode())
    cut = st.tuples(whole, st.integers(0, 40)).map(lambda pair: pair[0][: pair[1]])
    return st.one_of(whole, whole, whole, cut, SPOILED)


def paths(method: Method) -> st.SearchStrategy[str]:
    """A path that fits the method, or nearly does."""
    template = method.url_path("v2beta2", **{name: f"<{name}>" for name in method.variables})

    def filled(names: dict[str, str]) -> str:
        path = template
        for name, value in names.items():
            path = path.replace(quote(f"<{name}>", safe="/:"), quote(value, safe="/:%"))
        return path

    choices = {}
    for name in method.variables:
        depth = method.path.partition("=")[2].partition("}")[0].count("/") + 1
        right = [text for text in _NAMES if text.count("/") + 1 == depth] or ["t"]
        spoiled = st.tuples(st.sampled_from(right), _SEGMENTS, st.integers(0, 7)).map(_spoiled)
        choices[name] = st.one_of(st.sampled_from(right), st.sampled_from(right), spoiled)
    return st.fixed_dictionaries(choices).map(filled)


def _spoiled(parts: tuple[str, str, int]) -> str:
    name, segment, at = parts
    split = name.split("/")
    split[at % len(split)] = segment
    return "/".join(split)


def queries(method: Method) -> st.SearchStrategy[Pairs]:
    """Known and unknown parameters, in order."""
    own = [*method.query, *(snake(name) for name in method.query)] or ["pageSize"]
    names = st.one_of(st.sampled_from(own), st.sampled_from(SYSTEM))
    return st.lists(st.tuples(names, TEXTS), max_size=4).map(tuple)


HEADERS = st.dictionaries(
    st.sampled_from(
        ["X-Goog-FieldMask", "X-HTTP-Method-Override", "Content-Type", "Authorization", "X-Goog-Api-Key"]
    ),
    st.one_of(
        SELECTIONS,
        st.sampled_from(
            ["GET", "get", "PATCH", "application/json", "application/x-www-form-urlencoded", "text/x"]
        ),
        st.sampled_from(
            ["Bearer ada@example.com", "Bearer x", "Basic x", "Bearer a.b.c", "Bearer e30.e30.e30"]
        ),
        st.text(max_size=10),
    ),
    max_size=2,
)


def calls(method: Method) -> st.SearchStrategy[Request]:
    """Calls of a method."""
    return st.builds(Request, st.just(method.http), paths(method), queries(method), HEADERS, bodies(method))


ANY_METHOD = st.sampled_from(list(METHODS.values()))
