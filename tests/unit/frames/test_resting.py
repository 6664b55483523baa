"""The garbage collector is disabled while a page is converted, and each export imports only its part of Arrow."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cloudtasks_nb.frames import resting
from cloudtasks_nb.frames.resting import (
    HAS_GENERATIONS,
    collector_rests,
    collector_waits,
    end_block,
    importing,
)
from tests.pressed import everywhere

# The block belongs to another thread, which the child does not have.
FORK = """
import gc, os, threading
from cloudtasks_nb.frames.resting import HAS_GENERATIONS, collector_rests, collector_waits

rests, over = threading.Event(), threading.Event()

def convert():
    with collector_rests():
        rests.set()
        over.wait()

(thread := threading.Thread(target=convert)).start()
rests.wait()
child = os.fork()
if child == 0:
    seen = [gc.isenabled()]
    with collector_rests():
        seen.append(gc.isenabled())
        with collector_waits():
            seen.append(gc.isenabled())
    print("child", *seen, gc.isenabled(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
over.set()
thread.join()
print("parent", gc.isenabled())
"""
# The block belongs to the thread that forks, so it goes on in the child.
FORK_INSIDE = """
import gc, os
from cloudtasks_nb.frames.resting import HAS_GENERATIONS, collector_rests

with collector_rests():
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    seen = [gc.isenabled()]
seen.append(gc.isenabled())
with collector_rests():
    seen.append(gc.isenabled())
print("parent" if child else "child", *seen, gc.isenabled(), flush=True)
os._exit(0)
"""
# Collections after the import find its objects among the old ones.
IMPORT = """
import gc, weakref
from cloudtasks_nb.frames.resting import importing

class Cyclic:
    def __init__(self):
        self.me = self

left, seen = weakref.ref(Cyclic()), []
with importing("a_module"):
    collected = left() is None
    made = [[] for _ in range(10_000)]
    gc.callbacks.append(lambda *_: seen.append(any(one is made for one in gc.get_objects(generation=2))))
more = [[] for _ in range(10_000)]
print(collected, len(seen) > 1, all(seen))
gc.callbacks.clear()
"""
# An interrupt arrives while everything is frozen.
INTERRUPTED = """
import gc
from cloudtasks_nb.frames import resting

class Interrupting:
    def __getattr__(self, name):
        return getattr(gc, name)

    def freeze(self):
        gc.freeze()
        raise KeyboardInterrupt

resting.gc = Interrupting()
try:
    with resting.importing("a_module"):
        pass
except KeyboardInterrupt:
    print("interrupted", gc.get_freeze_count() < 1000)
"""
# A threshold of 0 turns the collector off, too.
NO_THRESHOLD = """
import gc
from cloudtasks_nb.frames.resting import importing

gc.set_threshold(0)
made, seen = [[] for _ in range(10_000)], []
gc.callbacks.append(lambda *_: seen.append(1))
with importing("a_module"):
    pass
print(seen, any(one is made for one in gc.get_objects(generation=0)))
"""
GENERATIONS = pytest.mark.skipif(not HAS_GENERATIONS, reason="this collector has other generations")


def test_the_collector_rests_and_is_on_again_whatever_happens() -> None:
    assert gc.isenabled()
    with pytest.raises(LookupError), collector_rests():
        assert not gc.isenabled()
        with collector_rests():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the inner block has no effect"
        raise LookupError
    assert gc.isenabled()


def test_an_interrupt_at_any_point_leaves_the_collector_on() -> None:
    def block() -> None:
        with collector_rests(), collector_waits(), collector_rests():
            pass

    points = 0
    for _ in everywhere(block):
        end_block()  # as at the end of each export
        assert gc.isenabled()
        assert not resting._running
        points += 1
    assert points > 10


def test_another_thread_may_end_its_block_at_any_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ending(dict[str, collector_rests]):
        """Another thread ends its block after each question for it."""

        def __contains__(self, key: object) -> bool:
            was_there = super().__contains__(key)
            self.clear()
            return was_there

    others = Ending(block=collector_rests())
    monkeypatch.setattr(resting, "_running", others)
    with collector_rests():
        assert gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_rests():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX has fork")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        (FORK, "child True False True True\nparent True\n"),
        (FORK_INSIDE, "child False True False True\nparent False True False True\n"),
    ],
)
def test_a_child_of_a_fork_during_a_block_has_its_collector(code: str, said: str) -> None:
    """Forks in another process, because this one has threads of other tests."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == (said, "")


def test_a_wait_enables_only_what_its_own_thread_disabled() -> None:
    with collector_waits():
        assert gc.isenabled()
    with collector_rests():
        with pytest.raises(LookupError), collector_waits():
            assert gc.isenabled()
            raise LookupError
        assert not gc.isenabled()
        seen: list[bool] = []

        def other() -> None:
            with collector_waits(), collector_rests():
                seen.append(gc.isenabled())

        (thread := threading.Thread(target=other)).start()
        thread.join()
        assert seen == [False]
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_rests(), collector_waits():
            assert not gc.isenabled(), "the user disabled it"
    finally:
        gc.enable()


@GENERATIONS
@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param(IMPORT, "True True True\n", id="young garbage is collected before"),
        pytest.param(INTERRUPTED, "interrupted True\n", id="an interrupt leaves nothing frozen"),
        pytest.param(NO_THRESHOLD, "[] True\n", id="without a threshold nothing is collected or moved"),
    ],
)
def test_an_import_makes_old_objects(code: str, said: str) -> None:
    """In another process, because this one has frozen objects."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (said, "")


def test_on_a_collector_without_generations_an_import_only_pauses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its collect(1) may visit all objects."""
    monkeypatch.setattr(resting, "HAS_GENERATIONS", False)
    seen: list[str] = []
    gc.collect()  # so that no collection is due in the next lines
    gc.callbacks.append(lambda phase, info: seen.append(phase))
    try:
        with importing("a_module"):
            assert not gc.isenabled()
            assert seen == []
    finally:
        gc.callbacks.pop()
    assert gc.isenabled()


def test_an_import_leaves_what_the_user_froze_or_disabled() -> None:
    frozen = gc.get_freeze_count()  # by conftest.py
    with importing("a_module"):
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen > 1000
    with importing("os"):
        assert gc.isenabled(), "nothing to import"
    gc.disable()
    try:
        with importing("a_module"):
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
import cloudtasks_nb.diagnosis.at_risk_columns, cloudtasks_nb.frames.data_frames, cloudtasks_nb.frames.dataset
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
