"""Plots of queues of a real emulator."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt

import cloudtasks_nb as ct
from tests.integration.filling import new_id

URL = "https://example.com/x"


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def filled(queue: ct.Queue) -> ct.Queue:
    for number in range(5):
        queue.create_task(url=URL, schedule=3600 + 600 * number)
    return queue


def test_asking_for_a_picture_asks_nothing_and_drawing_it_does(filled: ct.Queue, calls: list[str]) -> None:
    plots = filled.plot
    assert "queue.plot.schedule()" in str(plots)
    assert filled.id in repr(plots)
    plots.backoff().draw()
    assert calls == []
    picture = plots.schedule()
    assert len(calls) == 1
    ax = picture.draw()
    assert sum(bar.get_height() for bar in ax.patches) == 5
    assert len(calls) == 1


def test_attempts(filled: ct.Queue) -> None:
    ax = filled.plot.attempts().draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["not sent yet"]


def test_a_limit_is_said(filled: ct.Queue) -> None:
    assert "the first 2 tasks" in filled.plot.schedule(limit=2).draw().get_title(loc="left")
    assert "5 tasks" in filled.plot.schedule(limit=5).draw().get_title(loc="left")
    assert "the first" not in filled.plot.schedule(limit=None).draw().get_title(loc="left")


def test_depth_of_every_queue(client: ct.Client) -> None:
    deep, empty = (client.create_queue(f"australia-southeast2/{new_id()}") for _ in range(2))
    deep.create_task(url=URL, schedule=3600)
    ax = client.plot.queues("australia-southeast2").draw()
    drawn = zip(ax.get_yticklabels(), ax.patches, strict=True)
    assert {label.get_text(): bar.get_width() for label, bar in drawn} == {deep.id: 1, empty.id: 0}
    assert "client.plot.queues()" in str(client.plot)


def test_a_missing_queue_is_an_error(client: ct.Client, queue: ct.Queue) -> None:
    queue.delete()
    with pytest.raises(ct.NotFound):
        queue.plot.schedule()
