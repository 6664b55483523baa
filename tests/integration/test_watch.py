"""A watch never loses a task that it read: after a crash, a full disk, a failed page, or with another watch."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.diagnosis import watch_file
from cloudtasks_nb.diagnosis.watch import blind_for
from cloudtasks_nb.model import RetryConfig
from cloudtasks_nb.watch_command import watch as watch_command
from tests.integration.filling import new_id
from tests.refusing import MISSING, refusing
from tests.waiting import PATIENCE_S, wait_until

DEAD = "http://127.0.0.1:9/"
RETRIES = {"max_attempts": 4, "min_backoff": 100, "max_backoff": 1000}


@pytest.fixture(scope="module")
def local() -> Iterator[ct.Client]:
    with ct.local(clock="manual") as client:
        yield client


@pytest.fixture
def failing(local: ct.Client) -> ct.Queue:
    """Five tasks whose first attempt failed, and five that are due later."""
    made = local.create_queue(new_id(), retry_config=RETRIES)
    rows = [
        {
            "payload": {"n": n},
            "url": DEAD,
            "task_id": f"t-{n}",
            "schedule": n // 5 * 7200,
            "headers": {"X-Api-Key": "k"},
        }
        for n in range(10)
    ]
    made.create_tasks(rows, progress=False).raise_for_errors()
    local.emulator.advance(15)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "failed.parquet"


def kept(path: Path) -> list[str]:
    return sorted(pd.read_parquet(path).task_id)


def test_what_was_given_up_comes_back(local: ct.Client, failing: ct.Queue, path: Path) -> None:
    with failing.watch(dead_letter=path, every="1min") as watch:
        assert (watch.kept, watch.looks, watch.running) == (5, 1, True)
        assert watch.look() == 0
        local.emulator.advance("1h")
        assert failing.count_tasks() == 5
    assert not watch.running
    assert kept(path) == [f"t-{n}" for n in range(5)]
    failing.pause()
    assert failing.restore(path, progress=False).done == 5
    back = {task.json()["n"]: task for task in failing.tasks(view="FULL")}
    assert sorted(back) == list(range(10))
    assert back[0].headers["X-Api-Key"] == "k"
    assert failing.restore(path, progress=False).done == 5
    assert failing.count_tasks() == 10, "each is restored once, even by two restores"


def test_the_file_is_for_its_owner_and_leaves_nothing_beside_it(failing: ct.Queue, path: Path) -> None:
    with failing.watch(path):
        assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_copies_follow_the_attempts(local: ct.Client, failing: ct.Queue, path: Path) -> None:
    with failing.watch(path) as watch:
        local.emulator.advance(100)
        assert watch.look() == 0
    assert set(pd.read_parquet(path).dispatch_count) == {2}
    assert len(kept(path)) == 5


def test_a_watch_goes_on_in_the_file_of_an_earlier_one(
    local: ct.Client, failing: ct.Queue, path: Path
) -> None:
    failing.watch(path).stop()
    told = path.read_bytes()
    local.emulator.advance("1h")  # the first five are given up
    local.emulator.advance("1h")  # the others fail for the first time
    with failing.watch(path) as watch:
        assert watch.kept == 10
    assert kept(path) == [f"t-{n}" for n in range(10)]
    assert path.read_bytes() != told
    failing.pause()
    assert failing.restore(path, progress=False).ok
    assert failing.count_tasks() == 10


def test_a_file_that_was_taken_away_is_begun_again(local: ct.Client, failing: ct.Queue, path: Path) -> None:
    with failing.watch(path) as watch:
        path.unlink()
        assert watch.look() == 5
        shutil.copy(path, path.with_name("copy"))
        path.with_name("copy").replace(path)  # another file with the same tasks
        assert watch.look() == 0
    assert len(kept(path)) == 5


def test_what_was_seen_is_kept_though_a_later_page_fails(
    failing: ct.Queue, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = failing.watch(path).stop()
    path.unlink()
    from cloudtasks_nb.diagnosis import watch as module

    whole = module.endangered

    class Breaks:
        def __init__(self, *given: Any) -> None:
            self._pager = whole(*given, page_size=2)  # type: ignore[misc]

        def batches_of(self, *given: Any, **named: Any) -> Iterator[Any]:
            for number, batch in enumerate(self._pager.batches_of(*given, **named)):
                if number == 2:
                    raise ct.Unavailable("The page is lost.")
                yield batch

    monkeypatch.setattr(module, "endangered", Breaks)
    with pytest.raises(ct.Unavailable):
        watch.look()
    assert len(kept(path)) == 4


def test_a_full_disk_is_said_and_costs_nothing(
    local: ct.Client, failing: ct.Queue, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(watch_file, "write_parquet", full)
        with pytest.raises(ct.ConfigError, match="No space left on device"):
            failing.watch(path)
    with failing.watch(path) as watch:
        before = path.read_bytes()
        local.emulator.advance(100)
        with monkeypatch.context() as patched:
            patched.setattr(watch_file, "write_parquet", full)
            with pytest.raises(ct.ConfigError, match="free some disk space"):
                watch.look()
        assert path.read_bytes() == before
        watch.look()
    assert set(pd.read_parquet(path).dispatch_count) == {2}


def test_it_looks_by_itself_and_outlives_what_fails(local: ct.Client, failing: ct.Queue, path: Path) -> None:
    """The first poll succeeds, the next ones fail because of the service, and later ones succeed again."""
    with (
        refusing(local.endpoint) as gateway,
        ct.connect(local.project, local.location, endpoint=gateway.url, retry=ct.Retry(max_tries=1)) as there,
    ):
        looked = threading.Event()
        watch = there.queue(failing.name).watch(path, every=1)
        watch.on_change(looked.set)
        gateway.pattern = r"/tasks\b"
        wait_until(lambda: watch.problem)
        assert "Not for you" in watch.problem
        assert "TROUBLE" in str(watch)
        gateway.pattern = ""
        wait_until(lambda: not watch.problem)
        assert looked.is_set() and watch.looks >= 2
        gateway.pattern, gateway.refusal = r"/queues/", MISSING
        wait_until(lambda: not watch.running)
        assert "does not exist" in watch.problem
        assert "STOPPED" in str(watch)
        assert watch.stop().wait() is watch
    assert len(kept(path)) == 5


def test_a_closed_client_ends_it(local: ct.Client, failing: ct.Queue, path: Path) -> None:
    with ct.connect(local.project, local.location, endpoint=local.endpoint) as there:
        watch = there.queue(failing.name).watch(path, every="5m")
    assert (watch.running, watch.problem) == (False, "")
    failing.watch(path).stop()
    with pytest.raises(ct.ConfigError, match="closed"):
        there.queue(failing.name, read=False).watch(path)


def test_a_watch_in_the_middle_of_a_poll_ends_soon_after_its_client(
    local: ct.Client, failing: ct.Queue, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ct.connect(local.project, local.location, endpoint=local.endpoint) as there:
        queue = there.queue(failing.name)
        watch = queue.watch(path, every=1)
        polling, go = threading.Event(), threading.Event()
        look = watch._look

        def held() -> int:
            polling.set()
            assert go.wait(PATIENCE_S)
            return look()

        monkeypatch.setattr(watch, "_look", held)
        assert polling.wait(PATIENCE_S)
        on = threading.Thread(target=lambda: (wait_until(lambda: there._session.is_closed), go.set()))
        on.start()
        there.close(timeout=0.1)
        on.join(PATIENCE_S)
    assert "closed" in watch.problem
    assert not watch.running


def test_one_watch_for_a_file(failing: ct.Queue, path: Path) -> None:
    with failing.watch(path):
        with pytest.raises(ct.ConfigError, match="Another watch"):
            failing.watch(path)
        found = command(failing, path, "--every", "1s")
        assert found.wait(60) == 1
        assert "Another watch" in found.communicate()[1]
    failing.watch(path).stop()


def test_files_that_are_something_else_stay_as_they_are(
    local: ct.Client, failing: ct.Queue, tmp_path: Path, path: Path
) -> None:
    other = local.create_queue(new_id())
    other.backup(path, progress=False)
    text = tmp_path / "notes.txt"
    text.write_text("mine")
    table = failing.tasks().to_parquet(tmp_path / "listing.parquet", progress=False)
    for given, words in (
        (path, "another queue"),
        (text, "Parquet"),
        (table, "not a backup"),
        (tmp_path, "cannot be written|directory"),
        (tmp_path / "none" / "x.parquet", "No such file"),
    ):
        before = given.read_bytes() if given.is_file() else b""
        with pytest.raises(ct.ConfigError, match=words):
            failing.watch(given)
        assert (given.read_bytes() if given.is_file() else b"") == before


@pytest.mark.parametrize(
    "given", [{"every": 0}, {"every": "0.5s"}, {"every": -1}, {"every": "2d"}, {"every": "often"}, {"every": None},
              {"every": True}, {"attempts_left": -1}, {"within": "x"}], ids=str
)  # fmt: skip
def test_what_makes_no_sense_is_refused(failing: ct.Queue, path: Path, given: dict[str, Any]) -> None:
    [(name, value)] = given.items()
    with pytest.raises(ct.ConfigError, match=f"{name} must be .* not {value!r}"):
        failing.watch(path, **given)
    assert not path.exists()


def test_pull_tasks_are_kept_whole_or_refused(local: ct.Client, path: Path) -> None:
    work = local.create_queue(new_id(), kind="pull", retry_config={"max_attempts": 1})
    work.create_task(b"x", tag="blue")
    with (
        ct.connect(local.project, local.location, endpoint=local.endpoint, api_version="v2") as old,
        pytest.raises(ct.BackupIncomplete, match="without a payload"),
    ):
        old.queue(work.id).watch(path)
    with work.watch(path) as watch:
        assert watch.kept == 1
    [row] = pd.read_parquet(path).itertuples()
    assert (row.payload, row.tag) == (b"x", "blue")


def test_a_queue_that_gives_up_between_two_looks_is_told_of(local: ct.Client, path: Path) -> None:
    hasty = local.create_queue(new_id(), retry_config={"max_attempts": 3, "min_backoff": 1, "max_backoff": 1})
    with pytest.warns(UserWarning, match="given up 2 s after its first failure") as warned:
        hasty.watch(path).stop()
    assert [each.filename for each in warned] == [__file__]


def test_how_long_a_watch_is_blind() -> None:
    minute = timedelta(minutes=1)
    quick = RetryConfig(max_attempts=4, min_backoff=5, max_backoff=5)
    assert blind_for(quick, minute) == timedelta(seconds=15)
    assert blind_for(quick, timedelta(seconds=15)) is None
    assert (
        blind_for(RetryConfig(max_attempts=100, min_backoff=0.1, max_backoff=3600, max_doublings=16), minute)
        is None
    )
    assert blind_for(RetryConfig(unlimited_attempts=True), minute) is None
    assert blind_for(RetryConfig(max_attempts=1), minute) is None
    assert blind_for(None, minute) is None


def command(queue: ct.Queue, path: Path, *more: str) -> subprocess.Popen[str]:
    """The watch as a separate process."""
    words = [sys.executable, "-m", "cloudtasks_nb", "watch", queue.name, str(path)]
    endpoint = queue._session.endpoint
    return subprocess.Popen(
        [*words, "--endpoint", endpoint, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_watches_until_it_is_told_to_stop(failing: ct.Queue, path: Path, number: int) -> None:
    with command(failing, path, "--every", "1s") as job:
        assert job.stdout is not None and job.stderr is not None
        assert job.stdout.readline() == f"{failing.name}: 5 saved in {path}\n"
        job.send_signal(number)
        assert job.wait(30) == 0
        assert job.stderr.read() == ""
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_the_command_says_what_is_wrong(
    failing: ct.Queue, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # the command prints them itself
    words = [failing.name, str(path), "--endpoint", failing._session.endpoint]
    for more, said in ((["--every", "never"], "every must be"), (["--within", "x"], "within must be")):
        assert watch_command([*words, *more]) == 1
        assert said in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        watch_command([*words, "--attempts-left", "x"])
    assert not path.exists()


def version(path: Path) -> tuple[int, int] | None:
    """What a file and another one that replaces it differ in; None without a file."""
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None


def test_a_kill_at_any_moment_leaves_a_whole_file(local: ct.Client, tmp_path: Path) -> None:
    """Killed repeatedly while it writes: every task that it reported as saved is in the file."""
    queue = local.create_queue(new_id(), retry_config=RETRIES)
    path, said = tmp_path / "failed.parquet", 0
    for turn in range(3):
        rows = [{"payload": b"x" * 2000, "url": DEAD} for _ in range(400)]
        queue.create_tasks(rows, progress=False).raise_for_errors()
        local.emulator.advance(0.1 * turn + 4, patience=PATIENCE_S)
        before = version(path)
        with command(queue, path, "--every", "1s") as job:
            assert job.stdout is not None
            if turn % 2 == 0:
                said = int(job.stdout.readline().split(": ")[1].split()[0].replace(",", ""))
            else:
                wait_until(  # a write may take less time than a look
                    lambda before=before: list(tmp_path.glob(".*.part")) or version(path) != before
                )
            job.kill()
            job.wait()
        if path.exists():
            assert len(pd.read_parquet(path)) >= said
            assert path.stat().st_mode & 0o777 == 0o600
    with queue.watch(path) as watch:
        assert watch.kept >= said >= 400
    assert queue.count_tasks() == 1200
