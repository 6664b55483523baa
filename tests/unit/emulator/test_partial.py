"""Partial responses: the grammar of `fields`, and the selected members."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.calls.partial import cut, parse_fields, select
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import Operation, Queue
from cloudtasks_nb.model.messages import ListQueuesResponse, ListTasksResponse

TASKS: dict[str, Any] = {
    "tasks": [
        {"name": "a", "httpRequest": {"url": "u", "headers": {"X-One": "1", "X-Two": "2"}}, "view": "BASIC"},
        {"name": "b", "pullMessage": {"tag": "t"}, "view": "BASIC"},
    ],
    "nextPageToken": "n",
}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", TASKS),
        ("*", TASKS),
        ("nextPageToken", {"nextPageToken": "n"}),
        ("next_page_token", {"nextPageToken": "n"}),
        ("tasks/name", {"tasks": [{"name": "a"}, {"name": "b"}]}),
        (" tasks . name , nextPageToken ", {"tasks": [{"name": "a"}, {"name": "b"}], "nextPageToken": "n"}),
        (
            "tasks(name,pullMessage/tag)",
            {"tasks": [{"name": "a"}, {"name": "b", "pullMessage": {"tag": "t"}}]},
        ),
        ("tasks/pull_message(tag)", {"tasks": [{}, {"pullMessage": {"tag": "t"}}]}),
        ("tasks/httpRequest/headers/X-One", {"tasks": [{"httpRequest": {"headers": {"X-One": "1"}}}, {}]}),
        ("tasks,tasks/name", {"tasks": TASKS["tasks"]}),
        ("tasks/name,tasks", {"tasks": TASKS["tasks"]}),
        (
            "tasks/name,tasks/view",
            {"tasks": [{"name": "a", "view": "BASIC"}, {"name": "b", "view": "BASIC"}]},
        ),
        ("tasks/*/tag", {"tasks": [{}, {"pullMessage": {"tag": "t"}}]}),
        ("*/name", {"tasks": [{"name": "a"}, {"name": "b"}]}),
    ],
)
def test_what_is_left_of_a_listing(text: str, left: dict[str, Any]) -> None:
    assert select(TASKS, parse_fields(text, ListTasksResponse)) == left
    assert json.loads(cut(json.dumps(TASKS).encode(), text, ListTasksResponse)) == left


def test_an_operation_may_hold_anything() -> None:
    values = {"metadata": {"@type": "T", "state": "SUCCEEDED"}, "response": TASKS, "done": True}
    chosen = parse_fields("metadata/@type,response/tasks/name", Operation)
    assert select(values, chosen) == {
        "metadata": {"@type": "T"},
        "response": {"tasks": [{"name": "a"}, {"name": "b"}]},
    }


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("colour", "colour"),
        ("queues/colour", "queues.colour"),
        ("queues(name,rateLimits/colour)", "queues.rateLimits.colour"),
        ("nextPageToken/x", "nextPageToken.x"),
        ("queues/name/x", "queues.name.x"),
    ],
)
def test_a_field_that_is_not_there(text: str, path: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^Request contains an invalid argument\.") as refused:
        parse_fields(text, ListQueuesResponse)
    assert refused.value.details == [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [
                {
                    "field": path,
                    "description": "Error expanding 'fields' parameter. "
                    f"Cannot find matching fields for path '{path}'.",
                }
            ],
        }
    ]


@pytest.mark.parametrize(
    "text", ["name,", ",name", "name(", "name)", "a//b", "(name)", "name()", ".", "a(b", "*" * 3]
)
def test_what_is_no_selection(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"Request contains an invalid argument\."):
        parse_fields(text, Queue)


@pytest.mark.parametrize("text", ["response" + "/a" * 5000, "(" * 5000, "response" + "(a" * 5000])
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_fields(text, Operation)


_TREES = st.recursive(
    st.none(),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
    max_leaves=12,
)


def _written(tree: dict[str, Any]) -> str:
    return ",".join(name if below is None else f"{name}({_written(below)})" for name, below in tree.items())


def _pruned(values: Any, tree: Any) -> Any:
    if tree is None or not isinstance(values, dict):
        return values
    return {name: _pruned(held, tree[name]) for name, held in values.items() if name in tree}


@given(
    _TREES, st.recursive(st.integers(-9, 9), lambda inner: st.dictionaries(st.sampled_from("abcd"), inner))
)
def test_a_selection_prunes_like_the_tree_that_it_writes(tree: Any, values: Any) -> None:
    below = f"response({_written(tree)})" if tree else "response"
    chosen = parse_fields(below, Operation)
    left = {"response": _pruned(values, tree)}
    assert select({"response": values}, chosen) == left
    assert json.loads(cut(json.dumps({"response": values}).encode(), below, Operation)) == left


@given(st.text(alphabet="ab,/.()* ", max_size=30))
def test_any_text_is_a_selection_or_refused(text: str) -> None:
    try:
        json.dumps(select({"response": {"a": 1}}, parse_fields(text, Operation)))
    except InvalidArgument as refused:
        assert refused.details
