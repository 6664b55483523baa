"""A client closes although a watch has just begun, or could not begin."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.diagnosis.watch import Watch
from tests.waiting import PATIENCE_S


@pytest.fixture
def queue() -> Iterator[ct.Queue]:
    with ct.local(clock="manual") as client:
        yield client.create_queue("watched", kind="pull")


@pytest.fixture
def other(queue: ct.Queue) -> ct.Client:
    """Another client of the same emulator, which the test closes."""
    return ct.connect("local", endpoint=queue._session.endpoint)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "failed.parquet"


def test_a_signal_handler_closes_the_client_during_the_first_poll(
    queue: ct.Queue, other: ct.Client, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Watch._look

    def interrupted(watch: Watch) -> int:
        signal.raise_signal(signal.SIGTERM)
        return look(watch)

    monkeypatch.setattr(Watch, "_look", interrupted)
    before = signal.signal(signal.SIGTERM, lambda *_: other.close())
    try:
        watch = other.queue(queue.name).watch(path, every="5m").wait()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (watch.looks, watch.running) == (1, False)
    assert other._session.is_closed


@pytest.mark.parametrize("begins", [False, True], ids=["before its thread", "with its thread"])
def test_a_watch_whose_start_fails_is_not_waited_for(
    queue: ct.Queue, other: ct.Client, path: Path, monkeypatch: pytest.MonkeyPatch, begins: bool
) -> None:
    start = threading.Thread.start

    def fails(thread: threading.Thread) -> None:
        if not thread.name.startswith("cloudtasks-watch"):
            start(thread)
            return
        if begins:
            start(thread)
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fails)
        with pytest.raises(RuntimeError, match="new thread"):
            other.queue(queue.name).watch(path, every="5m")
    closing = threading.Thread(target=other.close, daemon=True)
    closing.start()
    closing.join(PATIENCE_S)
    assert other._session.is_closed
    queue.watch(path).stop()  # the file is free
