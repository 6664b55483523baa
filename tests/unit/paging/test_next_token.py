"""The page token of a page is found without parsing the page, wherever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.paging.pager import _next_token

TASK = {"name": "nextPageToken", "tag": '"nextPageToken":"no"}', "inside": {"nextPageToken": "no"}}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("page", "token"),
    [
        ({"tasks": [TASK], "nextPageToken": "a/b=="}, "a/b=="),
        ({"nextPageToken": "a", "tasks": [TASK] * 200}, "a"),
        ({"tasks": [TASK], "nextPageToken": "nextPageToken"}, "nextPageToken"),
        ({"tasks": [TASK], "nextPageToken": 'ü"\\'}, 'ü"\\'),
        ({"tasks": [TASK], "nextPageToken": ""}, ""),
        ({"tasks": [TASK], "inside": {"nextPageToken": "no"}}, ""),
        ({"tasks": ["nextPageToken"]}, ""),
        ({}, ""),
    ],
)
def test_the_token_is_that_of_the_page(page: dict[str, Any], token: str, indent: int | None) -> None:
    for escaped in (True, False):
        raw = json.dumps(page, indent=indent, ensure_ascii=escaped).encode()
        assert _next_token(raw) == _next_token(raw + b"\n") == token


def test_a_page_without_an_end_is_refused() -> None:
    with pytest.raises(ct.DecodeError):
        _next_token(b'{"tasks":[],"nextPageToken":"a"')
