"""Listings against the real emulator over real HTTP: pages, tables and files."""

from __future__ import annotations

import pickle
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import fill, new_id


def test_a_listing_is_lazy_after_its_first_page(queue: ct.Queue, calls: list[str]) -> None:
    names = fill(queue, 7)
    calls.clear()
    tasks = queue.tasks(page_size=3)
    assert len(calls) == 1
    walk = iter(tasks)
    assert [next(walk).id for _ in range(3)] == names[:3]
    assert len(calls) == 1
    assert next(walk).id == names[3]
    assert len(calls) == 2
    assert [task.id for task in walk] == names[4:]
    assert len(calls) == 3


def test_iterating_again_starts_over_with_what_is_there_now(queue: ct.Queue) -> None:
    names = fill(queue, 5)
    tasks = queue.tasks(page_size=2)
    assert [task.id for task in tasks] == names
    queue.task("t-000").delete()
    assert [task.id for task in tasks] == names[1:]
    assert [[task.id for task in page.items] for page in tasks.pages()] == [names[1:3], names[3:]]


def test_first_needs_no_request_when_the_first_page_is_enough(queue: ct.Queue, calls: list[str]) -> None:
    names = fill(queue, 5)
    tasks = queue.tasks(page_size=3)
    calls.clear()
    assert [task.id for task in tasks.first(2)] == names[:2]
    assert calls == []
    assert [task.id for task in tasks.first(4)] == names[:4]
    assert len(calls) == 1
    assert [task.id for task in tasks.first(100)] == names


def test_the_first_items_are_a_list_that_shows_itself_as_a_table(queue: ct.Queue) -> None:
    from IPython.core.formatters import DisplayFormatter

    names = fill(queue, 3)
    first = queue.tasks().first(2)
    assert isinstance(first, list)
    shown, _ = DisplayFormatter().format(first)
    for form in ("text/plain", "text/html"):
        assert all(name in shown[form] for name in names[:2])
        assert names[2] not in shown[form]
    assert "<table" in shown["text/html"]
    assert repr(first).startswith("[<Task projects/")


def test_a_page_can_be_had_by_its_token(queue: ct.Queue) -> None:
    names = fill(queue, 5)
    tasks = queue.tasks(page_size=2)
    first = tasks.page()
    second = tasks.page(first.next_page_token)
    assert [task.id for task in second.items] == names[2:4]
    assert [task.id for task in tasks.page(first.next_page_token).items] == names[2:4]
    with pytest.raises(ct.InvalidArgument):
        tasks.page("nonsense")


def test_a_page_is_its_items(queue: ct.Queue) -> None:
    names = fill(queue, 3)
    pages = list(queue.tasks(page_size=2).pages())
    assert [len(page) for page in pages] == [2, 1]
    assert [[task.id for task in page] for page in pages] == [names[:2], names[2:]]
    assert queue.delete_tasks(pages[0], progress=False).done == 2
    assert [task.id for task in queue.tasks()] == names[2:]
    queue.delete_tasks(names[2:], progress=False)
    assert queue.tasks().first_page, "an empty page is a page"
    assert len(queue.tasks().first_page) == 0


def test_the_first_items_travel_to_other_processes(queue: ct.Queue) -> None:
    fill(queue, 2)
    tasks = queue.tasks().first(2)
    assert pickle.loads(pickle.dumps(tasks)) == tasks  # noqa: S301 - our own bytes


def test_a_table_of_many_pages(queue: ct.Queue, calls: list[str]) -> None:
    names = fill(queue, 25)
    calls.clear()
    table = queue.tasks(view="FULL", page_size=10).to_dataframe(decode="json")
    assert len(calls) == 3
    assert table.task_id.tolist() == names
    assert table["payload.n"].tolist() == list(range(25))
    assert (table.queue == queue.id).all()
    assert queue.tasks(page_size=10).to_dataframe(limit=12).task_id.tolist() == names[:12]
    assert queue.tasks().to_dataframe(limit=0).shape == (0, 22)
    assert table.payload.iloc[3] == b'{"n":3}'
    with pytest.raises(ct.ConfigError, match="payloads") as caught:
        queue.tasks().to_dataframe(decode="json")
    assert 'view="FULL"' in (caught.value.hint or "")


def test_files_hold_what_the_table_holds(queue: ct.Queue, tmp_path: Path) -> None:
    names = fill(queue, 25)
    tasks = queue.tasks(view="FULL", page_size=10)
    assert tasks.to_parquet(tmp_path / "tasks.parquet") == tmp_path / "tasks.parquet"
    assert pq.read_table(tmp_path / "tasks.parquet")["task_id"].to_pylist() == names  # type: ignore[no-untyped-call]
    assert pd.read_csv(tasks.to_csv(tmp_path / "tasks.csv")).task_id.tolist() == names
    assert pq.read_table(tmp_path / "tasks.parquet").equals(tasks.to_arrow())  # type: ignore[no-untyped-call]


def test_an_empty_queue_gives_an_empty_table_with_every_column(queue: ct.Queue) -> None:
    table = queue.tasks().to_dataframe()
    assert table.shape == (0, 22)
    assert str(table.schedule_time.dtype) == "datetime64[us, UTC]"


def test_queues_of_one_location_and_of_all(client: ct.Client) -> None:
    name = new_id()
    client.create_queue(f"europe-west1/{name}", kind="pull")
    client.create_queue(f"us-central1/{name}").pause()
    here = {queue.name for queue in client.queues() if queue.id == name}
    assert here == {f"projects/local/locations/us-central1/queues/{name}"}
    everywhere = [queue for queue in client.queues("-", stats=True) if queue.id == name]
    assert sorted(queue.location for queue in everywhere) == ["europe-west1", "us-central1"]
    assert all(queue.stats is not None for queue in everywhere)
    paused = client.queues(filter="state=PAUSED").to_dataframe()
    assert name in set(paused.queue_id)
    assert set(paused.state) == {"PAUSED"}
    everything = client.queues("-").to_dataframe()
    assert {"us-central1", "europe-west1"} <= set(everything.location)
    everywhere[0].pause()  # items of a merged listing are bound too


@pytest.mark.parametrize("count", [-1, 1.5, "3"])
def test_what_is_no_number_of_items_is_refused(queue: ct.Queue, count: int) -> None:
    tasks = queue.tasks()
    for ask in (tasks.first, tasks.to_dataframe, tasks.to_arrow):
        with pytest.raises(ct.ConfigError, match=r"not a number of items|must be an integer"):
            ask(count)


def test_a_file_goes_where_a_shell_would_put_it(
    queue: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    fill(queue, 1)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert queue.tasks().to_csv("~/tasks.csv") == tmp_path / "tasks.csv"
    (tmp_path / "real").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "tasks.csv")
    queue.tasks().to_csv(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "tasks.csv").read_bytes() == (tmp_path / "tasks.csv").read_bytes()
    queue.tasks().to_csv(tmp_path / ("long" * 60 + ".csv"))
    tasks = queue.tasks()
    calls.clear()
    for nowhere, error in ((tmp_path, IsADirectoryError), (tmp_path / "no" / "tasks.csv", FileNotFoundError)):
        with pytest.raises(error) as caught:
            tasks.to_parquet(nowhere)
        assert caught.value.filename == str(nowhere)
    assert calls == []
    assert not list(tmp_path.glob(".*"))


def test_a_table_counts_in_words(queue: ct.Queue) -> None:
    queue.create_task(url="https://example.com/")
    assert "\n1 task\n" in str(queue.tasks())
    queue.create_task(url="https://example.com/")
    assert "\n2 tasks\n" in str(queue.tasks())
