"""Queries: matching tasks, written form, and errors."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloudtasks_nb.errors import QueryError
from cloudtasks_nb.query import Query
from cloudtasks_nb.query.fields import FIELDS
from cloudtasks_nb.query.grammar import COMPARE, Term, read_terms
from cloudtasks_nb.query.offered import terms_offered
from tests.queried_tasks import NOW, TASKS, push


def found(text: str, tasks: list = TASKS) -> str:
    return " ".join(tasks[at].id for at in Query.of(text).places(tasks, NOW))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", "late later fresh held free"),
        ("is:due", "late free"),
        ("is:leased is:due", "late held free"),
        ("is:leased,due", "late held free"),
        ("-is:leased -is:due", "later fresh"),
        ("-is:leased,due", "later fresh"),
        ("code:503", "late"),
        ("code=503", "late"),
        ("Code:unavailable", "late"),
        ("code:14", "late"),
        ("code:4,503", "late later"),
        ("code:deadline-exceeded", "later"),
        ("code:error", "late later"),
        ("code:none kind:http", "fresh"),
        ("code>=500", "late"),
        ("-code>=500 code:error", "later"),
        ("kind:pull", "held free"),
        ("queue:q kind:pull", "held free"),
        ("queue:*,other is:leased", "held"),
        ("queue:q*q", ""),
        ("queue:? is:leased", ""),
        ("queue:[q] is:leased", ""),
        ("queue:projects/p/locations/l/queues/q is:leased", "held"),
        ("queue:projects/*/queues/Q is:leased", "held"),
        ("queue:projects/other/locations/l/queues/q", ""),
        ("-queue:Q", ""),
        ("location:l is:leased", "held"),
        ("location:us", ""),
        ("kind:PULL,http is:due", "late free"),
        ("attempts:0", "free"),
        ("attempts:0,1", "late later fresh held free"),
        ("attempts>0 attempts<2", "late later fresh held"),
        ("attempts:>=1", "late later fresh held"),
        ("due<now", "late free"),
        ("due<-3s", "late free"),
        ("due<-10s", ""),
        ("due>30s due<=1min", "later fresh held"),
        ("due<2026-01-01T00:00:30Z", "late free"),
        ("created<1d", "late later fresh"),
        ("created>1d", "held free"),
        ("attempted<1h", "late later"),
        ("attempted<5min -code:503", ""),
        ("attempted>=2025-12-31T23:50Z", "late later"),
        ("message:GAVE", "later"),
        ("-message:code kind:http", "later fresh"),
        ('tag:"two words"', "free"),
        ('tag:red,"two words"', "held free"),
        ("-tag:red kind:pull", "free"),
        ("late", "late later"),
        ("late gave", "later"),
        ("id:FRE", "fresh free"),
        ("url:api", "late later fresh"),
        ("method:put -late", "fresh"),
        ("payload:ada", "late later fresh"),
        ("https://api.example.com/send", "late later fresh"),
        ('"code:503"', ""),
        ('{"customer":42}', ""),
        ("12:30", ""),
        ("nothing", ""),
    ],
)
def test_a_query_lets_matching_tasks_through(text: str, ids: str) -> None:
    assert found(text) == ids


ORDERS = [
    push(name, 0, body=body)
    for name, body in {
        "a": b'{"customer": 42, "total": 99.5, "paid": true, "items": [{"sku": "x"}, {"sku": "Y"}]}',
        "b": b'{"customer": "42", "total": "120", "paid": null, "note": "two words", "first name": "Ada"}',
        "c": b'{"customer": 142, "total": 1e3, "paid": false, "nested": {"deep": {"er": [1, 2, 3]}}}',
        "d": b"customer 42, not JSON",
        "e": gzip.compress(b'{"customer": 42.0, "total": 9007199254740993}'),
        "f": b"[42]",
    }.items()
]


def test_an_integer_that_no_float_can_hold_is_compared() -> None:
    task = push("any", 0, body=b'{"a": 1%s}' % (b"0" * 350))
    for text, is_found in (("payload.a>1", True), ("payload.a:1", False), (f"payload.a:1{'0' * 350}", True)):
        assert list(Query.of(text).places([task], NOW)) == [0] * is_found


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("payload.customer:42", "a b e"),
        ("payload.customer:42,142", "a b c e"),
        ("-payload.customer:42", "c d f"),
        ("payload.total>100", "b c e"),
        ("payload.total>100 payload.total<2000", "b c"),
        ("payload.total>=9007199254740993", "e"),
        ("payload.total>9007199254740992", "e"),
        ("payload.paid:true", "a"),
        ("payload.paid:FALSE,null", "b c"),
        ("payload.items.sku:y", "a"),
        ("payload.items.0.sku:x", "a"),
        ("payload.items.1.sku:x", ""),
        ("payload.nested.deep.er:2", "c"),
        ("payload.nested.deep.er>2", "c"),
        ('payload.note:"TWO words"', "b"),
        ('payload."first name":ada', "b"),
        ("payload:customer", "a b c d e"),
        ("payload.Customer:42", ""),
    ],
)
def test_a_payload_is_looked_into(text: str, ids: str) -> None:
    assert found(text, ORDERS) == ids


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("cod:503", "code:503"),
        ("status:503", "code:503"),
        ("is:failed", "code:error"),
        ("is:shceduled", "is:scheduled"),
        ("kind:htp", "kind:http"),
        ("method:pots", "method:POST"),
        ("code:UNAVAILABEL", "code:UNAVAILABLE"),
        ("code:99", "503 (an HTTP status)"),
        ("code>3", "code>=500"),
        ('payload:"customer":42', "payload.customer:42"),
        ('"customer":42', "payload.customer:42"),
        ("payloda.customer:42", "payload.customer:42"),
        ("tag.x:1", '"tag.x:1"'),
        ("tag>3", "tag:red"),
        ("attempts>many", "attempts>3"),
        ("attempts>3,4", "attempts>3"),
        ("due:2h", "due<2h"),
        ("due<soon", "due<2h"),
        ("payload.total>much", "payload.total>100"),
        ("code:", "write one"),
        ("code:503,", "write one"),
        ("code: 503", "write one"),
        ('tag:"two', "close it"),
        ('tag:a"b', "in quotes"),
        ("-", "-code:503"),
        ("is:due - late", "-code:503"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_with_the_nearest_that_can(text: str, hint: str) -> None:
    with pytest.raises(QueryError) as refused:
        Query.of(text)
    assert hint in str(refused.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        'is:due -code:503 "a b"', 'tag:"say \\"hi\\""', '"-x"', '"is:due"', 'tag:""', "ü", "code:503,429",
        'tag:"a,b",c', "attempts>=3", 'payload."first name".x:1', "https://example.com/?a=1", 'due<"1h 30m"',
    ],
)  # fmt: skip
def test_a_query_reads_as_it_is_written(text: str) -> None:
    assert str(Query.of(text)) == text


def test_a_click_goes_round_only_without_either() -> None:
    asked = Query.of("ada code:503,429")
    seen = [str(asked := asked.toggled("code", "503")) for _ in range(3)]
    assert seen == ["ada code:429 -code:503", "ada code:429", "ada code:429 code:503"]
    assert asked.mode("code", "429") == "only" and asked.mode("tag", "429") == ""


texts = st.text(max_size=12)
names = st.text("abcdefgh_", min_size=1, max_size=6)
values = st.tuples(texts) | st.lists(texts, min_size=1, max_size=3).map(tuple)
terms = st.one_of(
    st.builds(Term, st.just(""), st.tuples(st.text(min_size=1)), negative=st.booleans()),
    st.builds(Term, names, values, path=st.lists(texts, max_size=3).map(tuple), negative=st.booleans()),
    st.builds(Term, names, st.tuples(texts), sign=st.sampled_from(sorted(COMPARE)), negative=st.booleans()),
)


@given(st.lists(terms, max_size=5))
@example([Term("a", ("",), path=("",))])
@example([Term("", ('"',)), Term("", ("\\",)), Term("", ("a\u2028b",))])
def test_terms_are_read_as_they_were_written(some: list[Term]) -> None:
    text = " ".join(map(str, some))
    assert list(read_terms(text)) == some


pieces = st.sampled_from(
    [
        '"',
        "\\",
        "-",
        ":",
        "=",
        ">",
        "<=",
        ",",
        ".",
        " ",
        "://",
        "503",
        "2h",
        "9" * 30,
        "²",
        "null",
        "1e999",
        *FIELDS,
    ]
)


@given(st.lists(pieces | st.characters(), max_size=20).map("".join))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    try:
        query = Query.of(text)
    except QueryError as refused:
        assert refused.message and refused.hint
        return
    again = Query.of(str(query))
    assert str(again) == str(query)
    assert again.places(TASKS, NOW) == query.places(TASKS, NOW)
    json.dumps(str(query))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab0"), inner, max_size=3),
)


@given(
    JSON,
    st.lists(st.sampled_from(["a", "b", "0", "1"]), min_size=1, max_size=3),
    st.sampled_from(["12.5", "a", "true"]),
)
def test_any_payload_is_looked_into_without_an_error(value: object, path: list[str], wanted: str) -> None:
    task = push("any", 0, body=json.dumps(value).encode())
    for sign in (":", ">"):
        if sign == ":" or wanted == "12.5":
            found = Query.of(f"payload.{'.'.join(path)}{sign}{wanted}").places([task], NOW)
            assert list(found) in ([], [0])


@pytest.mark.parametrize("text", ["queue:emails", "queue:l/emails", "location:l", "queue:projects/p*"])
@pytest.mark.parametrize("name", ["a.b", "", "é/x"])
def test_an_unusual_task_id_does_not_end_a_query(text: str, name: str) -> None:
    task = push("any", 0)
    task.name = f"projects/p/locations/l/queues/emails/tasks/{name}"
    assert list(Query.of(text).places([task], NOW)) == [0]
    task.name = name
    assert list(Query.of(text).places([task], NOW)) == []


def test_a_queue_with_too_many_parts_is_refused() -> None:
    with pytest.raises(QueryError, match=r"queue has no value 'p/l/emails'") as caught:
        Query.of("queue:p/l/emails")
    assert "projects/p/locations/us-central1/queues/emails" in (caught.value.hint or "")


def test_every_term_that_is_offered_can_be_read_when_it_is_whole() -> None:
    offered = dict(terms_offered(ORDERS))
    assert {"is:due", "code:UNAVAILABLE", "kind:app_engine", "payload.items.sku:"} <= offered.keys()
    assert 'payload."first name":' in offered
    assert not {"queue:", "location:"} & offered.keys(), "all tasks of a panel are of one queue"
    for term in offered:
        value = (
            {"i": "due", "k": "http", "m": "PUT", "c>": "500"}.get(term[0], "1") if term[-1] in ":<>" else ""
        )
        Query.of(f"{term}{'503' if term.startswith('code') and value else value}")
