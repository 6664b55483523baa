"""A query finds the same tasks as pandas in the table of the same listing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb import model
from cloudtasks_nb.frames import TASKS, TaskPage, to_pandas
from cloudtasks_nb.query import Query
from tests.queried_tasks import NOW, PREFIX

pytestmark = pytest.mark.filterwarnings("ignore:payloads that are not JSON objects")
Frame = pd.DataFrame

STATUSES = [
    None,
    model.Status(),
    model.Status(code=14, message="HTTP status code 503"),
    model.Status(code=14, message="UNAVAILABLE(14): HTTP status code 502"),
    model.Status(code=8, message="HTTP status code 429"),
    model.Status(code=4, message="the deadline passed"),
]
PAYLOADS = [
    b"",
    b"plain Ada",
    *(
        json.dumps(value).encode()
        for value in (
            {"customer": 42, "total": 10},
            {"customer": 42, "total": 250.5, "note": "Ada"},
            {"customer": 7, "total": 100},
            {"total": 101},
            [1, 2],
        )
    ),
]
REQUEST = {"http_method": "PUT", "url": "https://api.example.com/send"}


@st.composite
def tasks(draw: st.DrawFn) -> list[model.Task]:
    return [draw(one_task(number)) for number in range(draw(st.integers(0, 12)))]


@st.composite
def one_task(draw: st.DrawFn, number: int) -> model.Task:
    payload = draw(st.sampled_from(PAYLOADS))
    pull = draw(st.booleans())
    status = draw(st.sampled_from(STATUSES))
    tag = draw(st.sampled_from(["", "red", "Blue"]))
    due_s = draw(st.one_of(st.none(), st.integers(-9000, 9000)))
    return model.Task(
        name=f"{PREFIX}/t-{number}",
        pull_message=model.PullMessage(payload=payload, tag=tag) if pull else None,
        http_request=None if pull else model.HttpRequest(body=payload, **REQUEST),
        schedule_time=None if due_s is None else NOW + timedelta(seconds=due_s),
        create_time=NOW - timedelta(seconds=draw(st.integers(0, 200_000))),
        status=model.TaskStatus(
            attempt_dispatch_count=draw(st.integers(0, 5)),
            last_attempt_status=None if status is None else model.AttemptStatus(response_status=status),
        ),
        view="FULL",
    )  # fmt: skip


def due(frame: Frame) -> Any:
    return frame["schedule_time"] - pd.Timestamp(NOW)


def http(frame: Frame) -> Any:
    return pd.to_numeric(frame["last_message"].str.extract(r"code (\d+)")[0])


def key(frame: Frame, name: str) -> Any:
    column = f"payload.{name}"
    return pd.to_numeric(frame[column]) if column in frame else pd.Series(pd.NA, frame.index, dtype="Int64")


NAIVE: dict[str, Callable[[Frame], Any]] = {
    "code:503": lambda frame: http(frame) == 503,
    "code:503,429": lambda frame: http(frame).isin([503, 429]),
    "code:503 code:429": lambda frame: http(frame).isin([503, 429]),
    "code:14": lambda frame: frame["last_code"] == 14,
    "code:deadline_exceeded": lambda frame: frame["last_code"] == 4,
    "code:error": lambda frame: frame["last_code"] > 0,
    "code:none": lambda frame: frame["last_code"].isna(),
    "code>=500": lambda frame: http(frame) >= 500,
    "attempts>3": lambda frame: frame["dispatch_count"] > 3,
    "attempts:0,2": lambda frame: frame["dispatch_count"].isin([0, 2]),
    "attempts>1 attempts<4": lambda frame: frame["dispatch_count"].between(2, 3),
    "due<2h": lambda frame: due(frame) < pd.Timedelta("2h"),
    "due>=now": lambda frame: due(frame) >= pd.Timedelta(0),
    "due<-10min": lambda frame: due(frame) < pd.Timedelta("-10min"),
    "created<1d": lambda frame: (pd.Timestamp(NOW) - frame["create_time"]) < pd.Timedelta("1D"),
    "created<2025-12-31T12:00Z": lambda frame: frame["create_time"] < pd.Timestamp("2025-12-31T12:00Z"),
    "kind:pull": lambda frame: frame["kind"] == "pull",
    "tag:red": lambda frame: frame["tag"].str.casefold() == "red",
    "tag:red,blue": lambda frame: frame["tag"].str.casefold().isin(["red", "blue"]),
    "method:put": lambda frame: frame["method"] == "PUT",
    "url:EXAMPLE": lambda frame: frame["url"].str.contains("example", case=False),
    "id:t-1": lambda frame: frame["task_id"].str.contains("t-1"),
    "payload:ada": lambda frame: frame["payload_text"].str.contains("ada", case=False),
    "payload.customer:42": lambda frame: key(frame, "customer") == 42,
    "payload.total>100": lambda frame: key(frame, "total") > 100,
}  # fmt: skip


@given(
    tasks(),
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(sorted(NAIVE))),
        max_size=3,
        unique_by=lambda part: part[1].split(":")[0].split("<")[0].split(">")[0],
    ),
)
def test_a_query_is_the_same_as_a_mask_of_pandas(
    some: list[model.Task], parts: list[tuple[bool, str]]
) -> None:
    page = TaskPage.of(some)
    frame = to_pandas(TASKS, [page], "json")
    frame["payload_text"] = to_pandas(TASKS, [page], "text")["payload_text"]
    wanted = pd.Series(True, frame.index, dtype=bool)
    words = []
    for negative, text in parts:
        minus = negative and " " not in text
        mask = NAIVE[text](frame).fillna(False).astype(bool)
        wanted &= ~mask if minus else mask
        words.append(f"-{text}" if minus else text)
    found = [some[at].id for at in Query.of(" ".join(words)).places(some, NOW)]
    assert found == frame["task_id"][wanted].tolist()
