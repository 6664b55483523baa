"""Pages that are fetched in the background: which, when, where their errors arrive, and that no thread remains."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.frames import data_frames
from cloudtasks_nb.paging import ahead, pager
from cloudtasks_nb.paging.ahead import Ahead, OneThread
from cloudtasks_nb.rest import trying
from tests.scripted import Scripted, answer, refusal, scripted
from tests.waiting import PATIENCE_S, wait_until

from .conftest import Threads

LIST = "projects.locations.queues.tasks.list"
QUEUE = "projects/p/locations/us-central1/queues/emails"


def page(name: str, token: str = "") -> bytes:
    return answer(200, {"tasks": [{"name": f"{QUEUE}/tasks/{name}"}], "nextPageToken": token})


@pytest.fixture
def first_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has not imported Arrow yet."""
    monkeypatch.setattr(pager, "arrow_is_loaded", lambda: False)


@contextmanager
def listed(*pages: bytes) -> Iterator[tuple[ct.TaskPager, Scripted]]:
    with scripted(*pages) as server, ct.connect(endpoint=server.url, api_version="v2beta2") as client:
        yield client.queue(QUEUE, read=False).tasks(), server


def test_the_second_page_is_requested_before_arrow_is_imported(
    first_export: None, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listed(page("1", "a"), page("2", "b"), page("3")) as (tasks, server):
        seen = []

        def columns() -> object:
            for thread in threads():
                thread.join(PATIENCE_S)  # one page, no more, until the export takes it
            seen.append(len(server.requests))
            return type(tasks)._own_columns(tasks)

        monkeypatch.setattr(tasks, "_own_columns", columns)
        assert tasks.to_dataframe(progress=False)["task_id"].tolist() == ["1", "2", "3"]
    assert (seen, len(server.requests)) == ([2], 3)
    wait_until(lambda: not threads())


def test_only_an_export_of_all_pages_begins_early(first_export: None, threads: Threads) -> None:
    with listed(page("1", "a"), page("2", "b"), page("3")) as (tasks, server):
        assert len(tasks.first(1)) == len(tasks.to_dataframe(limit=1, progress=False)) == 1
        again = next(iter(tasks)).id
        assert len(server.requests) == 2, server.requests
        assert again == "2", "the first page was used, so the script goes on"
        with pytest.raises(ct.ConfigError, match="decode"):
            tasks.to_arrow(decode="text")
        assert (len(server.requests), threads()) == (2, [])


def test_an_early_page_whose_export_is_refused_is_dropped(first_export: None, threads: Threads) -> None:
    broken = refusal(403, "PERMISSION_DENIED", "no")
    with listed(page("1", "a"), broken, page("2")) as (tasks, server):
        with pytest.raises(ct.ConfigError, match="nonsense"):
            tasks.to_arrow(columns=["nonsense"])
        for thread in threads():
            thread.join(PATIENCE_S)
        assert len(server.requests) == 2
        assert tasks.to_arrow(progress=False)["task_id"].to_pylist() == ["1", "2"]


@pytest.mark.parametrize("export", ["to_parquet", "to_csv", "to_excel"])
def test_no_early_page_is_requested_for_a_path_that_cannot_be_written(
    first_export: None, threads: Threads, tmp_path: Path, export: str
) -> None:
    with listed(page("1", "a"), page("2")) as (tasks, server):
        with pytest.raises(FileNotFoundError):
            getattr(tasks, export)(tmp_path / "none" / "tasks")
        for thread in threads():
            thread.join(PATIENCE_S)
        assert len(server.requests) == 1


def test_an_error_of_an_early_page_arrives_after_the_pages_before_it(first_export: None) -> None:
    with (
        listed(page("1", "a"), refusal(403, "PERMISSION_DENIED", "no")) as (tasks, server),
        pytest.raises(ct.PermissionDenied) as caught,
    ):
        tasks.to_dataframe(progress=False)
    assert caught.value.result["task_id"].tolist() == ["1"]  # type: ignore[attr-defined]
    assert (caught.value.page_token, len(server.requests)) == ("a", 2)  # type: ignore[attr-defined]


def test_an_abandoned_export_fetches_one_page_too_many_at_most_and_leaves_no_thread(threads: Threads) -> None:
    with listed(page("1", "a"), page("2", "b"), page("3")) as (tasks, server):
        reader = tasks.to_arrow_batches(progress=False)
        assert reader.read_next_batch().num_rows == 1
        del reader
        for thread in threads():
            thread.join(PATIENCE_S)
        assert (len(server.requests), threads()) == (2, [])


def test_the_exporting_thread_goes_on_when_the_request_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_HEAD_START_S", 60)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with ct.connect(endpoint=url, api_version="v2beta2") as client:
            coming = Ahead(lambda token: client._session.fetch(LIST, path={"parent": QUEUE}), "a")
            began_s = time.monotonic()
            coming.leave()
            assert time.monotonic() - began_s < 30, "it waited although the request was sent"
            connection, _ = server.accept()
            with connection:
                assert connection.recv(65536).startswith(b"GET ")
                connection.sendall(page("1"))
                assert b"/tasks/1" in coming.result()


def test_a_request_that_is_not_sent_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_HEAD_START_S", 60)

    def fetch(token: str) -> bytes:
        raise ct.ConfigError("closed")

    coming, began_s = Ahead(fetch, "a"), time.monotonic()
    coming.leave()
    assert time.monotonic() - began_s < 30
    with pytest.raises(ct.ConfigError, match="closed"):
        coming.result()


def test_a_forked_child_fetches_the_page_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Event(), threading.Event()

    def fetch(token: str) -> bytes:
        if threading.current_thread() is threading.main_thread():
            return b"child"
        begun.set()
        assert go.wait(PATIENCE_S)
        return b"parent"

    ahead = Ahead(fetch, "a")
    assert begun.wait(PATIENCE_S)
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        assert ahead.result() == b"child"
    go.set()
    assert ahead.result() == b"parent"


def test_the_pages_of_an_export_share_a_thread_that_a_forked_child_replaces(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(token: str) -> bytes:
        return str(threading.get_ident()).encode()

    shared = OneThread()
    first, second = (Ahead(fetch, token, shared).result() for token in "ab")
    (thread,) = threads()
    assert first == second == str(thread.ident).encode()
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        inherited = shared._works
        assert Ahead(fetch, "c", shared).result() != first
        shared.close()
    inherited.put(None)
    wait_until(lambda: not threads())


def test_a_page_that_waits_when_its_client_is_closed_is_not_requested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits, go = threading.Event(), threading.Event()

    def held(_: float) -> None:
        waits.set()
        assert go.wait(PATIENCE_S)

    monkeypatch.setattr(trying, "time", SimpleNamespace(**vars(time) | {"sleep": held}))
    tired = refusal(429, "RESOURCE_EXHAUSTED", "too many")
    with scripted(page("1", "a"), tired, page("2")) as server:
        client = ct.connect(endpoint=server.url, api_version="v2beta2")
        reader = client.queue(QUEUE, read=False).tasks().to_arrow_batches(progress=False)
        assert reader.read_next_batch().num_rows == 1
        assert waits.wait(PATIENCE_S), "the background thread was not rejected"
        client.close()
        go.set()
        with pytest.raises(ct.ConfigError, match="closed"):
            reader.read_next_batch()
    assert len(server.requests) == 2


def test_the_collector_is_on_during_a_long_wait_and_rests_while_pages_are_converted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on: list[bool] = []
    convert = data_frames.batch_of

    def converting(*given: Any) -> Any:
        on.append(gc.isenabled())
        return convert(*given)

    monkeypatch.setattr(data_frames, "batch_of", converting)
    with listed(page("1", "a"), page("2", "b"), page("3")) as (tasks, _):
        fetch = tasks._fetch

        def slow(token: str) -> bytes:
            wait_until(gc.isenabled, "the collector rests although the export waits")
            return fetch(token)

        tasks._fetch, tasks._walk = slow, lambda: slow
        assert tasks.to_dataframe(progress=False)["task_id"].tolist() == ["1", "2", "3"]
        assert on == [False] * 3
        assert gc.isenabled()


@pytest.mark.parametrize("limit", [3, None])
def test_the_collector_is_on_during_each_call_of_the_exporting_thread(limit: int | None) -> None:
    pages = [page("1", "a"), page("2", "b"), page("3")]
    with listed(*pages, *pages) as (tasks, _):
        fetch, on, here = tasks._fetch, [], threading.current_thread()

        def watched(token: str) -> bytes:
            if threading.current_thread() is here:
                on.append(gc.isenabled())
            return fetch(token)

        tasks._fetch, tasks._walk = watched, lambda: watched
        list(tasks)  # so that the first page is fetched again
        on.clear()
        tasks.to_dataframe(limit, progress=False)
        assert on == [True] * (3 if limit else 1)
