"""Exports that end early: the rows that were read, and the page token that continues, wherever the end comes."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.frames import data_frames, decoding
from cloudtasks_nb.frames.columns import Columns
from cloudtasks_nb.paging.cut_short import Pages, UntilCut
from cloudtasks_nb.rest.pages import PageTokens
from tests.pressed import everywhere
from tests.scripted import answer, scripted
from tests.waiting import PATIENCE_S, wait_until

from .conftest import Threads

QUEUE = "projects/p/locations/us-central1/queues/emails"
EXPORTS: dict[str, Callable[[ct.TaskPager], Any]] = {
    "DataFrame": lambda tasks: tasks.to_dataframe(progress=False),
    "Arrow dtypes": lambda tasks: tasks.to_dataframe(progress=False, dtype_backend="pyarrow"),
    "decoded": lambda tasks: tasks.to_dataframe(progress=False, decode="text"),
    "Arrow": lambda tasks: tasks.to_arrow(progress=False),
    "Arrow with texts": lambda tasks: tasks.to_arrow(progress=False, decode="text"),
}
every_export = pytest.mark.parametrize("export", EXPORTS)


def page(name: str, token: str = "", **fields: Any) -> bytes:
    return answer(200, {"tasks": [{"name": f"{QUEUE}/tasks/{name}", **fields}], "nextPageToken": token})


@contextmanager
def listed(*pages: bytes) -> Iterator[ct.TaskPager]:
    with scripted(*pages) as server, ct.connect(endpoint=server.url, api_version="v2beta2") as client:
        yield client.queue(QUEUE, read=False).tasks(view="FULL")


def names(table: Any) -> list[str]:
    return list(pa.table(table)["task_id"].to_pylist())


@every_export
def test_a_page_that_no_column_can_hold_leaves_the_rows_before_it(export: str, threads: Threads) -> None:
    with listed(page("1", "a"), page("2", "b"), page("3", "c", scheduleTime="soon"), page("4")) as tasks:
        with pytest.raises(ct.DecodeError, match=r"Page 3 .*schedule_time") as caught:
            EXPORTS[export](tasks)
        wait_until(lambda: not threads())
    assert names(caught.value.result) == ["1", "2"]
    assert caught.value.page_token == "b"
    assert "holds the 2 read before" in str(caught.value)


@every_export
@pytest.mark.parametrize("step", ["read", "batch"])
def test_an_interrupt_while_a_page_is_converted_leaves_the_rows_before_it(
    export: str, step: str, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"read": 0, "batch": 0}

    def pressed(where: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            counts[where] += 1
            if where == step and counts[where] == 3:
                signal.raise_signal(signal.SIGINT)
            return work(*given)

        return run

    monkeypatch.setattr(Columns, "read", pressed("read", Columns.read))
    if export in ("DataFrame", "decoded"):
        monkeypatch.setattr(data_frames, "batch_of", pressed("batch", data_frames.batch_of))
    else:
        monkeypatch.setattr(Columns, "batch", pressed("batch", Columns.batch))
    with listed(page("1", "a"), page("2", "b"), page("3", "c"), page("4")) as tasks:
        with pytest.raises(KeyboardInterrupt) as caught:
            EXPORTS[export](tasks)
        wait_until(lambda: not threads())
    stopped: Any = caught.value
    assert (names(stopped.result), stopped.page_token) == (["1", "2"], "b")


def test_an_interrupt_while_texts_are_decoded_leaves_the_rows_before_them(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = decoding.decoded_table

    def pressed(table: pa.Table, how: Any) -> pa.Table:
        if "3" in table["task_id"].to_pylist():
            signal.raise_signal(signal.SIGINT)
        return decode(table, how)

    monkeypatch.setattr(decoding, "decoded_table", pressed)
    with listed(page("1", "a"), page("2", "b"), page("3", "c"), page("4")) as tasks:
        with pytest.raises(KeyboardInterrupt) as caught:
            tasks.to_arrow(progress=False, decode="text")
        wait_until(lambda: not threads())
    stopped: Any = caught.value
    assert (names(stopped.result), stopped.page_token) == (["1", "2"], "b")
    assert "payload_text" in stopped.result.column_names


def test_the_handler_of_a_program_gets_interrupts_also_after_the_last_page() -> None:
    calls: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: calls.append(number))
    try:
        with UntilCut("the rest") as cut:
            found = list(cut.map(len, [["a"], ["b", "c"]]))
            signal.raise_signal(signal.SIGINT)
            assert cut.whole(found) == [1, 2]
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [signal.SIGINT]


def test_an_interrupt_after_the_last_page_waits_for_the_result_and_a_second_one_does_not() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught, UntilCut("the rest") as cut:
        found = list(cut.map(len, [["a"], ["b", "c"]]))
        signal.raise_signal(signal.SIGINT)
        cut.whole(found)
    stopped: Any = caught.value
    assert (stopped.result, stopped.page_token) == ([1, 2], "")
    assert "holds the 3 read before" in stopped.__notes__[0]
    with pytest.raises(KeyboardInterrupt), UntilCut("the rest") as cut:
        list(cut.map(len, [["a"]]))
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise KeyboardInterrupt
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_at_any_point_leaves_rows_that_their_page_token_continues() -> None:
    before = signal.getsignal(signal.SIGINT)

    def pages(tokens: PageTokens) -> Generator[list[int], None, None]:
        for number in range(3):
            tokens.next(str(number + 1) if number < 2 else "")
            yield [number]

    def export() -> None:
        tokens = PageTokens("tasks", "list", QUEUE)
        with UntilCut("the rest") as cut:
            cut.whole(list(cut.map(tuple, Pages(pages(tokens), tokens))))

    points = 0
    for error in everywhere(export):
        stopped: Any = error
        assert signal.getsignal(signal.SIGINT) is before
        if getattr(stopped, "result", None) is not None:
            rest = range(int(stopped.page_token or 3), 3)
            assert [*(number for page in stopped.result for number in page), *rest] == [0, 1, 2]
            points += 1
    assert points > 10


PAGES = 4
HERE = r"cloudtasks_nb.(paging|frames.(resting|data_frames|export))"


def served(token: str) -> bytes:
    """The page of a token, with one task."""
    number = int(token or 0)
    tasks = [{"name": f"{QUEUE}/tasks/{number}"}]
    return json.dumps(
        {"tasks": tasks, "nextPageToken": str(number + 1) if number < PAGES - 1 else ""}
    ).encode()


def end(threads: list[threading.Thread]) -> bool:
    for one in threads:
        if one.ident:
            one.join(PATIENCE_S)
    return not any(one.is_alive() for one in threads)


# Python drops an interrupt that arrives in a generator that it deletes.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("export", ["DataFrame", "Arrow with texts"])
def test_an_interrupt_at_any_point_of_an_export_loses_no_row_and_leaves_no_thread(
    export: str, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only before the first page, and after the whole result, an interrupt has no rows."""
    whole: list[object] = []
    finish = UntilCut.whole

    def finished(cut: UntilCut, made: Any) -> Any:
        whole.append(finish(cut, made))
        return made

    monkeypatch.setattr(UntilCut, "whole", finished)
    monkeypatch.setattr(data_frames, "_PAGES_A_REST", 2)

    def run() -> None:
        whole.clear()
        EXPORTS[export](tasks)

    with listed(page("0", "1")) as tasks:
        tasks._fetch = served
        tasks._walk = lambda: served
        run()  # after this, no module is left to import
        points = rows = 0
        for error in everywhere(run, within=HERE):
            stopped: Any = error
            points += 1
            assert end(threads())
            if getattr(stopped, "result", None) is None:
                assert not rows or whole, "rows were lost"
                continue
            rest = range(int(stopped.page_token or PAGES), PAGES)
            found = names(stopped.result)
            assert [*found, *map(str, rest)] == [*map(str, range(PAGES))]
            rows = len(found)
    assert rows == PAGES
    assert points > 100
