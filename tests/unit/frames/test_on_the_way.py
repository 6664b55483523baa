"""Pages on their way while a table is made, the collector that rests meanwhile, and what each export imports."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cloudtasks_nb.frames.resting import collector_rests
from cloudtasks_nb.paging.ahead import Ahead

PAGES = {"": b"a", "a": b"b", "b": b"c", "c": b""}


def following(raw: bytes) -> str:
    return raw.decode()


class Service:
    """Pages by token; `more` is released for each one that may be answered."""

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self.asked: list[str] = []
        self.more = threading.Semaphore(0)
        self._answer = answer

    def __call__(self, token: str) -> bytes:
        self.asked.append(token)
        assert self.more.acquire(timeout=10)
        return self._answer(token)


def test_pages_come_in_order_and_no_further_ahead_than_allowed() -> None:
    service = Service(PAGES.__getitem__)
    ahead = Ahead(service, following, "", most=2)
    service.more.release(9)
    ahead.wait(10)
    assert [ahead.take() for _ in range(5)] == [b"a", b"b", b"c", b"", None]
    idle = Service(PAGES.__getitem__)
    ahead = Ahead(idle, following, "", most=2)
    idle.more.release(9)
    while len(idle.asked) < 2:
        ahead.wait(0.01)
    assert ahead.take() == b"a"
    assert idle.asked[:2] == ["", "a"]
    ahead.close()


def test_a_failure_comes_after_the_pages_before_it() -> None:
    def fails(token: str) -> bytes:
        if token == "b":
            raise LookupError(token)
        return PAGES[token]

    service = Service(fails)
    service.more.release(9)
    ahead = Ahead(service, following, "", most=8)
    assert [ahead.take(), ahead.take()] == [b"a", b"b"]
    with pytest.raises(LookupError):
        ahead.take()


def test_a_token_that_comes_again_is_not_asked_for_again() -> None:
    service = Service(lambda token: b"a")
    service.more.release(9)
    ahead = Ahead(service, following, "", most=8)
    assert [ahead.take(), ahead.take(), ahead.take()] == [b"a", b"a", None]
    assert service.asked == ["", "a"]


def test_a_walk_that_is_closed_asks_for_no_more() -> None:
    service = Service(PAGES.__getitem__)
    ahead = Ahead(service, following, "", most=8)
    ahead.close()
    service.more.release(9)
    threads = [one for one in threading.enumerate() if one.name == "cloudtasks-page"]
    for thread in threads:
        thread.join(10)
    assert service.asked in ([""], [])


def test_the_collector_rests_and_is_on_again_whatever_happens() -> None:
    assert gc.isenabled()
    with pytest.raises(LookupError), collector_rests():
        assert not gc.isenabled()
        with collector_rests():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the inner one owns nothing"
        raise LookupError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_rests():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_parts_of_arrow_load_when_they_are_used(tmp_path: Path) -> None:
    code = """
import sys
import msgspec
from cloudtasks_nb.frames import TASKS, Export, write_csv, write_parquet
export = Export(TASKS, None, None, secrets=False)
task = {"name": "projects/p/locations/l/queues/q/tasks/t", "createTime": "2026-01-01T00:00:00Z"}
page = TASKS.read(msgspec.json.encode({"tasks": [task]}))
heavy = lambda: [name for name in ("pyarrow.csv", "pyarrow.parquet", "openpyxl") if name in sys.modules]
print(export.reader([page]).read_all().num_rows, heavy())
write_csv(sys.argv[1], export.columns.schema, export.reader([page]))
print(heavy())
write_parquet(sys.argv[1], export.columns.schema, export.reader([page]))
print(heavy())
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "out"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["1 []", "['pyarrow.csv']", "['pyarrow.csv', 'pyarrow.parquet']"]
