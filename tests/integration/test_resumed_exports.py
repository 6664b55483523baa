"""Interrupted exports: which pages continue which export, and files that were changed or did not fit on the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.frames import Partial, partial
from cloudtasks_nb.rest import session as wire
from cloudtasks_nb.rest.exchange import Answer
from tests.integration.filling import fill, new_id
from tests.integration.many import Wire, project_of_queues

ONCE = ct.Retry(max_tries=1)


@pytest.fixture
def project(emulator: str) -> Iterator[ct.Client]:
    with ct.connect(new_id(), "us-central1", endpoint=emulator, retry=ONCE) as client:
        fill(client.create_queue("q"), 9)
        yield client


@pytest.fixture
def other(emulator: str) -> Iterator[ct.Client]:
    """A client of another project, with a queue of the same name."""
    with ct.connect(new_id(), "us-central1", endpoint=emulator, retry=ONCE) as client:
        fill(client.create_queue("q"), 9)
        yield client


@pytest.fixture
def many(emulator: str) -> Iterator[ct.Client]:
    with project_of_queues(emulator) as client:
        yield client


def cut(monkeypatch: pytest.MonkeyPatch, listing: ct.Pager[ct.Task], path: Path) -> Path:
    """Run an export that fails after two pages. Returns the file of its pages."""
    send, left = wire.exchange, [1]

    def failing(http, verb, url, **rest):  # type: ignore[no-untyped-def]
        left[0] -= 1
        if left[0] < 0:
            return Answer(503, "application/json", 0.0, b'{"error": {"code": 503}}')
        return send(http, verb, url, **rest)

    with monkeypatch.context() as patched, pytest.raises(ct.Unavailable):
        patched.setattr(wire, "exchange", failing)
        listing.to_parquet(path, progress=False, resume=True)
    return path.with_name(f"{path.name}.partial")


def resumed(listing: ct.Pager[ct.Task], path: Path) -> list[str]:
    listing.to_parquet(path, progress=False, resume=True)
    assert not path.with_name(f"{path.name}.partial").exists()
    return sorted(pq.read_table(path)["task_id"].to_pylist())


ALL = [f"t-00{n}" for n in range(9)]
Listing = Callable[[ct.Client], ct.TaskPager]
OTHERS: dict[str, tuple[Listing, Listing]] = {
    "where": (
        lambda client: client.queue("q").tasks(page_size=2).where("attempts:0"),
        lambda client: client.queue("q").tasks(page_size=2).where("attempts:1"),
    ),
    "secret in the query": (
        lambda client: client.queue("q").tasks(page_size=2).where("-url:https://a.test/?token=abcdefgh"),
        lambda client: client.queue("q").tasks(page_size=2).where("-url:https://a.test/?token=ijklmnop"),
    ),
    "first page": (
        lambda client: client.queue("q").tasks(page_size=2),
        lambda client: client.queue("q").tasks(
            page_size=2, page_token=client.queue("q").tasks(page_size=4).first_page.next_page_token
        ),
    ),
    "at risk": (
        lambda client: client.queue("q").at_risk(attempts_left=100, page_size=2),
        lambda client: client.queue("q").at_risk(attempts_left=1, page_size=2),
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_pages_of_another_listing_are_not_mixed_in(
    case: str, project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = OTHERS[case]
    kept = cut(monkeypatch, first(project), tmp_path / "tasks.parquet")
    assert b"abcdefgh" not in kept.read_bytes(), "a secret was stored"
    with pytest.raises(ct.ConfigError, match="belongs to another export, with another"):
        resumed(second(project), tmp_path / "tasks.parquet")
    resumed(first(project), tmp_path / "tasks.parquet")


@pytest.mark.parametrize("whole_project", [False, True])
def test_pages_of_another_project_are_not_mixed_in(
    whole_project: bool, project: ct.Client, other: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listing(client: ct.Client) -> ct.TaskPager:
        return (
            client.queues("-").tasks(page_size=2) if whole_project else client.queue("q").tasks(page_size=2)
        )

    cut(monkeypatch, listing(project), tmp_path / "tasks.parquet")
    with pytest.raises(ct.ConfigError, match="with another project or resource"):
        resumed(listing(other), tmp_path / "tasks.parquet")
    assert resumed(listing(project), tmp_path / "tasks.parquet") == ALL


def test_an_emulator_with_another_port_is_read_anew(
    project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(monkeypatch, project.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet")
    with ct.local() as client:
        same = ct.connect(project.project, "us-central1", endpoint=client.endpoint)
        fill(same.create_queue("q"), 3)
        assert resumed(same.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet") == ALL[:3]


def test_a_page_token_that_is_not_valid_any_more_starts_the_export_again(
    project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = cut(monkeypatch, project.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet")
    change(kept, "UPDATE pages SET next = 'gone'")
    assert resumed(project.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet") == ALL


@pytest.mark.parametrize(
    ("ageing", "tasks"),
    [
        ("UPDATE pages SET read_s = read_s - 6000", ALL[:4]),
        ("UPDATE pages SET read_s = read_s - 7201", ALL),
    ],
)
def test_pages_that_only_had_no_file_serve_for_two_hours(
    ageing: str, tasks: list[str], project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pages were read, and then the disk was full. A later run of the same line must not write old tasks."""
    kept = cut(monkeypatch, project.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet")
    change(kept, "UPDATE pages SET next = '' WHERE rowid = 2")
    change(kept, ageing)
    assert resumed(project.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet") == tasks


def change(kept: Path, sql: str) -> None:
    with closing(sqlite3.connect(kept)) as pages:
        pages.execute(sql)
        pages.commit()


def cut_in_half(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "half of the file": cut_in_half,
    "a page": lambda kept: change(kept, "UPDATE pages SET rows = x'00'"),
    "no first page": lambda kept: change(kept, "DELETE FROM pages WHERE rowid = 1"),
    "other tables": lambda kept: change(kept, "ALTER TABLE pages DROP COLUMN read_s"),
    "a text in JSON": lambda kept: change(kept, """UPDATE export SET told = '"text"'"""),
    "a list of texts": lambda kept: change(kept, """UPDATE export SET told = '["tasks of q", "BASIC"]'"""),
    "a short text": lambda kept: kept.write_text("mine") and None,
    "another text": lambda kept: change(kept, "UPDATE export SET told = 'text'"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_the_way_out(
    damage: str, project: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = cut(monkeypatch, project.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet")
    DAMAGES[damage](kept)
    with pytest.raises(ct.ConfigError, match="is damaged") as caught:
        resumed(project.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet")
    assert caught.value.hint == "delete the file"
    kept.unlink()
    assert resumed(project.queue("q").tasks(page_size=2), tmp_path / "tasks.parquet") == ALL


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs owners of files")
def test_only_the_owner_reads_kept_pages_also_in_a_file_that_others_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = tmp_path / "tasks.partial"
    prepared.touch(0o666)
    prepared.chmod(0o666)
    with Partial(tmp_path / "tasks", {}):
        assert prepared.stat().st_mode & 0o777 == 0o600
    prepared.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ct.ConfigError, match=r"tasks\.partial is a symbolic link.\n  next: delete this link"):
        Partial(tmp_path / "tasks", {})
    assert not (tmp_path / "elsewhere").exists()
    prepared.unlink()
    prepared.touch()
    user = prepared.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(partial, "owner_of_new_files", lambda folder: user)
    with pytest.raises(ct.ConfigError, match="belongs to another user"):
        Partial(tmp_path / "tasks", {})


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs owners of files")
def test_a_mount_that_sets_the_owner_and_rejects_permissions_keeps_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    user = os.geteuid() + 1  # all files there belong to somebody else
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "fchmod", refused)
    with pytest.raises(ct.Unavailable), Partial(tmp_path / "tasks", {}) as kept:
        kept.add(pa.record_batch({"text": ["a"]}), "second")
        raise ct.Unavailable("cut")
    with Partial(tmp_path / "tasks", {}) as kept:
        assert (kept.pages, kept.token) == (1, "second")


def test_a_full_disk_is_an_error_of_the_disk_and_the_pages_before_are_kept(tmp_path: Path) -> None:
    page = pa.record_batch({"text": [str(n) for n in range(5000)]})
    with pytest.raises(OSError, match=r"tasks\.partial") as caught, Partial(tmp_path / "tasks", {}) as kept:
        kept.add(page, "second")
        kept._db.execute("PRAGMA max_page_count = 1")  # no more than it has now
        for _ in range(100):
            kept.add(page, "third")
    assert caught.value.strerror == "No space left on device"
    with Partial(tmp_path / "tasks", {}) as kept:
        assert kept.pages == len(list(kept.batches())) >= 1


def test_a_log_with_another_filter_or_window_is_read_anew_or_rejected(
    project: ct.Client, tmp_path: Path
) -> None:
    queue = project.queue("q")
    whole, failed = queue.log(since="2h"), queue.log(since="2h", status="failed")
    identities = [log._identity(log._export(None, None, secrets=False)) for log in (whole, failed)]
    assert identities[0] != identities[1]
    assert whole._listing.window != queue.log(since="1h")._listing.window


def test_the_progress_line_of_a_rest_counts_only_the_rest(
    many: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent, queue = Wire(monkeypatch), many.queue("q2")

    def export() -> object:
        return queue.tasks(page_size=1).to_csv(tmp_path / "tasks.csv", progress=True, resume=True)

    sent.refused_after = 3
    with pytest.raises(ct.Unavailable):
        export()
    sent.refused_after = None
    assert "in about 5 list calls" in capsys.readouterr().err
    export()
    shown = capsys.readouterr().err
    assert "in about 2 list calls" in shown
    assert "3 of about 5 tasks" in shown
    token = queue.tasks(page_size=3).first_page.next_page_token
    queue.tasks(page_size=1, page_token=token).to_arrow(progress=True)
    assert "tasks of us-central1/q2: 2 tasks" in capsys.readouterr().err, "the total is unknown"


WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    "parquet": ("to_parquet", {}),
    "csv": ("to_csv", {}),
    "folder": ("to_parquet", {"partition_by": ["location", "queue"]}),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_that_was_cut_short_is_finished_by_the_same_line(
    writer: str, many: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, (verb, options) = Wire(monkeypatch), WRITERS[writer]
    whole, path, kept = tmp_path / "whole", tmp_path / "tasks", tmp_path / "tasks.partial"

    def export(path: Path, *, resume: bool) -> object:
        tasks = many.queues("-").tasks(view="FULL", page_size=2)
        return getattr(tasks, verb)(path, progress=False, resume=resume, **options)

    export(whole, resume=False)
    calls = len(sent.listed)
    sent.refused_after = len(sent.listed) + 5
    with pytest.raises(ct.Unavailable, match=r"tasks\.partial holds \d+ tasks: the same line reads the rest"):
        export(path, resume=True)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["tasks.partial", "whole"]
    assert kept.stat().st_mode & 0o777 == 0o600
    sent.refused_after, before = None, len(sent.listed)
    export(path, resume=True)
    assert len(sent.listed) - before < calls
    assert not kept.exists()
    assert rows(path) == rows(whole)


def rows(path: Path) -> list[tuple[Any, ...]]:
    if path.is_dir():
        return sorted(duckdb.read_parquet(f"{path}/**/*.parquet").project("name").fetchall())
    if path.read_bytes()[:4] == b"PAR1":
        return sorted(duckdb.read_parquet(str(path)).project("name").fetchall())
    return sorted(duckdb.read_csv(str(path)).project("name").fetchall())


def test_what_was_kept_serves_only_the_same_export_and_only_while_its_token_is_valid(
    many: ct.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, path = Wire(monkeypatch), tmp_path / "tasks.parquet"
    kept = tmp_path / "tasks.parquet.partial"

    def export(**options: Any) -> Path:
        return many.queue("q2").tasks(page_size=2).to_parquet(path, progress=False, resume=True, **options)

    sent.refused_after = 2
    with pytest.raises(ct.Unavailable):
        export()
    sent.refused_after = None
    with pytest.raises(ct.ConfigError, match="belongs to another export"):
        export(columns=["name"])
    with closing(sqlite3.connect(kept)) as pages:
        pages.execute("UPDATE pages SET read_s = read_s - 7201")
        pages.commit()
    sent.listed.clear()
    export()
    assert len(sent.listed) == 3, "all pages are read again: the token was older than two hours"
    assert not kept.exists()
    with (
        Partial(path, {"a": "b"}),
        pytest.raises(ct.ConfigError, match="is in use by another export"),
        Partial(path, {"a": "b"}),
    ):
        pass
    kept.write_bytes(b"no pages" * 200)
    with pytest.raises(ct.ConfigError, match="is not an unfinished export"):
        export()
