"""The client against the real emulator over real HTTP: queues, tasks, listings, and what they show."""

from __future__ import annotations

import copy
import pickle
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.rest import session as wire

URL = "https://example.com/handler"


@pytest.fixture
def client(emulator: str) -> Iterator[ct.Client]:
    with ct.connect(project="local", location="us-central1", endpoint=emulator) as client:
        yield client


@pytest.fixture
def queue(client: ct.Client) -> ct.Queue:
    return client.create_queue(new_id())


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every request that leaves, as "GET path"."""
    seen: list[str] = []
    send = wire.exchange

    def counted(http, verb, url, **rest):  # type: ignore[no-untyped-def]
        seen.append(f"{verb} {url.partition('/v2beta2/')[2]}")
        return send(http, verb, url, **rest)

    monkeypatch.setattr(wire, "exchange", counted)
    return seen


def new_id() -> str:
    return f"q-{secrets.token_hex(5)}"


def fill(queue: ct.Queue, count: int) -> list[str]:
    """Named tasks, in the order of their schedule."""
    start = datetime.now(UTC) + timedelta(hours=1)
    for number in range(count):
        queue.create_task(
            {"n": number}, url=URL, task_id=f"t-{number:03}", schedule=start + timedelta(seconds=number)
        )
    return [f"t-{number:03}" for number in range(count)]


def test_queues_are_created_read_changed_and_deleted(client: ct.Client) -> None:
    name = new_id()
    made = client.create_queue(
        name, rate_limits={"max_tasks_dispatched_per_second": 5}, retry_config={"min_backoff": 2}
    )
    assert (made.id, made.location, made.kind, made.state) == (name, "us-central1", "http", "RUNNING")
    assert made.rate_limits is not None
    assert made.retry_config is not None
    assert made.rate_limits.max_tasks_dispatched_per_second == 5
    assert (made.retry_config.min_backoff, made.retry_config.max_attempts) == (timedelta(seconds=2), 100)
    changed = made.update(retry_config={"max_attempts": 7})
    assert changed is made
    assert (made.retry_config.max_attempts, made.retry_config.min_backoff) == (7, timedelta(seconds=2))
    assert client.queue(name) == made
    assert client.queue(f"us-central1/{name}") == client.queue(made.name) == made
    made.delete()
    with pytest.raises(ct.NotFound) as caught:
        client.queue(name)
    assert "client.queues()" in (caught.value.hint or "")
    with pytest.raises(ct.FailedPrecondition, match="existed too recently") as blocked:
        client.create_queue(name)
    assert "3 days" in (blocked.value.hint or "")


def test_a_message_updates_only_what_differs_from_its_default(queue: ct.Queue) -> None:
    queue.update(rate_limits=ct.RateLimits(max_concurrent_tasks=3))
    assert queue.rate_limits is not None
    assert (queue.rate_limits.max_concurrent_tasks, queue.rate_limits.max_tasks_dispatched_per_second) == (
        3,
        500,
    )
    with pytest.raises(ct.ConfigError, match="max_speed"):
        queue.update(rate_limits={"max_speed": 1})
    with pytest.raises(ct.ConfigError, match="without any change"):
        queue.update()
    for nothing in ({}, ct.RateLimits()):  # an empty mask would set every field to its default
        with pytest.raises(ct.ConfigError, match="without any change"):
            queue.update(rate_limits=nothing)
    assert queue.refresh().rate_limits.max_concurrent_tasks == 3  # type: ignore[union-attr]
    with pytest.raises(ct.InvalidArgument, match="not a duration"):
        queue.update(retry_config={"min_backoff": "5s"})
    with pytest.raises(ct.InvalidArgument, match="less than or equal to 500"):
        queue.update(rate_limits={"max_tasks_dispatched_per_second": 501})
    assert queue.refresh().rate_limits.max_tasks_dispatched_per_second == 500  # type: ignore[union-attr]


def test_what_a_verb_changed_the_variable_shows(queue: ct.Queue) -> None:
    assert queue.pause() is queue
    assert queue.state == "PAUSED"
    assert queue.resume().state == "RUNNING"
    fill(queue, 3)
    assert queue.refresh(stats=True).stats.tasks_count == 3  # type: ignore[union-attr]
    assert queue.purge_time is None
    assert queue.purge().purge_time is not None
    assert queue.refresh().stats.tasks_count == 0  # type: ignore[union-attr]
    assert list(queue.tasks()) == []


@pytest.mark.parametrize(
    ("kind", "options", "field"),
    [
        ("http", {"url": URL}, "http_request"),
        ("app_engine", {"relative_url": "/work"}, "app_engine_http_request"),
        ("pull", {"tag": "a"}, "pull_message"),
    ],
)
def test_tasks_of_every_kind(client: ct.Client, kind: str, options: dict[str, str], field: str) -> None:
    queue = client.create_queue(new_id(), kind=kind)  # type: ignore[arg-type]
    task = queue.create_task({"to": "ada"}, **options)  # type: ignore[arg-type]
    assert (task.kind, queue.kind) == (kind, kind)
    assert getattr(task, field) is not None
    assert task.payload is None  # BASIC: nobody asked for it
    assert task.refresh().json() == {"to": "ada"}
    if kind != "pull":
        assert task.headers["Content-Type"] == "application/json"
    task.delete()
    with pytest.raises(ct.NotFound):
        task.refresh()


@pytest.mark.parametrize(
    ("payload", "stored"),
    [
        (b"\x00\xff", b"\x00\xff"),
        ("grüße", "grüße".encode()),
        ({"a": [1, None]}, b'{"a":[1,null]}'),
        (None, b""),
        (7, b"7"),
    ],
)
def test_payloads_arrive_as_they_were_meant(queue: ct.Queue, payload: object, stored: bytes) -> None:
    task = queue.create_task(payload, url=URL)
    assert queue.task(task.id).payload == stored
    assert queue.task(task.id, view="BASIC").payload is None


def test_a_payload_that_was_not_read_says_how_to_read_it(queue: ct.Queue) -> None:
    task = queue.create_task(b"\xff", url=URL)
    with pytest.raises(ct.ConfigError, match="BASIC") as caught:
        task.json()
    assert "refresh()" in (caught.value.hint or "")
    task.refresh()
    with pytest.raises(ct.InvalidArgument, match="not JSON"):
        task.json()
    with pytest.raises(ct.InvalidArgument, match="not UTF-8"):
        task.text()


def test_schedules_are_instants_spans_or_seconds(queue: ct.Queue) -> None:
    moment = datetime.now(UTC).replace(microsecond=123456) + timedelta(hours=3)
    assert queue.create_task(url=URL, schedule=moment).schedule_time == moment
    for schedule in (timedelta(minutes=10), 600):
        task = queue.create_task(url=URL, schedule=schedule)
        assert task.schedule_time is not None
        assert abs(task.schedule_time - datetime.now(UTC) - timedelta(minutes=10)) < timedelta(minutes=1)
    row = pd.DataFrame({"due": [pd.Timestamp(moment)], "delay_s": [600]}).iloc[0]
    assert queue.create_task(url=URL, schedule=row.due).schedule_time == moment
    assert queue.create_task(url=URL, schedule=row.delay_s).schedule_time is not None
    for none in (pd.NaT, pd.NA, float("nan"), datetime.min):
        with pytest.raises(ct.InvalidArgument, match="not a time"):
            queue.create_task(url=URL, schedule=none)  # type: ignore[arg-type]
    with pytest.raises(ct.InvalidArgument, match="too far in the future"):
        queue.create_task(url=URL, schedule=timedelta(days=31))
    with pytest.raises(ct.InvalidArgument, match="not a time"):
        queue.create_task(url=URL, schedule="tomorrow")  # type: ignore[arg-type]


def test_bad_tasks_are_refused_with_the_way_out(queue: ct.Queue) -> None:
    with pytest.raises(ct.InvalidArgument, match="needs a url"):
        queue.create_task({})
    with pytest.raises(ct.InvalidArgument, match="tag cannot be set"):
        queue.create_task({}, url=URL, tag="a")
    with pytest.raises(ct.InvalidArgument, match="cannot be written as JSON"):
        queue.create_task(object(), url=URL)
    with pytest.raises(ct.InvalidArgument, match="must start with 'http"):
        queue.create_task({}, url="ftp://x")
    with pytest.raises(ct.InvalidArgument, match="Task ID"):
        queue.create_task({}, url=URL, task_id="a b")
    with pytest.raises(ct.InvalidArgument, match="Task ID"):  # not: no id, and so no protection from doubles
        queue.create_task({}, url=URL, task_id="")
    for wrong in ({"url": 5}, {"method": 5}, {"task_id": 5}, {"headers": ["X"]}, {"headers": {"X": None}}):
        with pytest.raises(ct.InvalidArgument, match=r"not text|not a dict"):
            queue.create_task({}, **{"url": URL, **wrong})  # type: ignore[arg-type]
    for silently_base64 in ({"headers": {"X": b"x"}}, {"headers": {b"X": "x"}}, {"url": b"https://x"}):
        with pytest.raises(ct.InvalidArgument, match="bytes, not text"):
            queue.create_task({}, **{"url": URL, **silently_base64})  # type: ignore[arg-type]
    endless: list[object] = []
    endless.append(endless)
    for unwritable in ("\ud800", endless):
        with pytest.raises(ct.InvalidArgument, match="cannot be written"):
            queue.create_task(unwritable, url=URL)
    with pytest.raises(TypeError, match="colour"):
        queue.create_task({}, url=URL, colour="red")
    assert list(queue.tasks()) == []


def test_a_name_is_taken_once_and_stays_blocked(queue: ct.Queue) -> None:
    task = queue.create_task({}, url=URL, task_id="one")
    with pytest.raises(ct.AlreadyExists):
        queue.create_task({}, url=URL, task_id="one")
    task.delete()
    with pytest.raises(ct.AlreadyExists, match="existed too recently") as caught:
        queue.create_task({}, url=URL, task_id="one")
    assert "task_id" in (caught.value.hint or "")


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


def test_looking_never_calls_the_network(client: ct.Client, queue: ct.Queue, calls: list[str]) -> None:
    fill(queue, 3)
    shown = [client, client.location(), queue, queue.task("t-000"), queue.tasks(page_size=2), client.queues()]
    calls.clear()
    for thing in shown:
        repr(thing), str(thing), dir(thing), bool(thing), thing == shown[0]
        thing._repr_html_()
        thing._repr_mimebundle_()
        {name: getattr(thing, name) for name in dir(thing) if not name.startswith("_")}
    assert calls == []


def test_a_table_of_many_pages(queue: ct.Queue, calls: list[str]) -> None:
    names = fill(queue, 25)
    calls.clear()
    table = queue.tasks(view="FULL", page_size=10).to_dataframe(decode="json")
    assert len(calls) == 3
    assert table.task_id.tolist() == names
    assert table["payload.n"].tolist() == list(range(25))
    assert (table.queue == queue.id).all()
    assert queue.tasks(page_size=10).to_dataframe(limit=12).task_id.tolist() == names[:12]
    assert queue.tasks().to_dataframe(limit=0).shape == (0, 21)
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
    assert table.shape == (0, 21)
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
    everywhere[0].pause()  # what a merged listing holds is bound all the same


def test_locations(client: ct.Client) -> None:
    places = client.locations()
    assert "us-central1" in [place.id for place in places]
    assert "europe-west1" in client.locations().to_dataframe().location_id.tolist()
    assert client.location == "us-central1"
    assert client.location("europe-west1").id == "europe-west1"
    name = new_id()
    client.location("europe-west1").create_queue(name)
    assert name in [queue.id for queue in client.location("europe-west1").queues()]
    assert client.location("europe-west1").queue(name).location == "europe-west1"
    with pytest.raises(ct.CloudTasksError):
        client.queue("atlantis-east1/emails")


def test_many_threads_share_a_client(client: ct.Client, queue: ct.Queue) -> None:
    together = threading.Barrier(8)

    def work(number: int) -> list[str]:
        together.wait()
        return [queue.create_task({"n": n}, url=URL, task_id=f"t-{number}-{n}").id for n in range(10)]

    with ThreadPoolExecutor(8) as pool:
        made = [name for names in pool.map(work, range(8)) for name in names]
    assert len(set(made)) == 80
    assert {task.id for task in queue.tasks(page_size=7)} == set(made)


def test_a_task_by_its_full_name(client: ct.Client, queue: ct.Queue) -> None:
    task = queue.create_task({"a": 1}, url=URL)
    assert client.task(task.name).json() == {"a": 1}
    assert queue.task(task.name) == client.task(task.name)
    with pytest.raises(ct.InvalidArgument, match="Task name must be formatted"):
        client.task("nonsense")
    with pytest.raises(ct.ConfigError, match="view"):
        queue.tasks(view="basic")  # type: ignore[arg-type]


def test_a_message_made_by_hand_says_that_it_has_no_client() -> None:
    with pytest.raises(ct.ConfigError, match="no client"):
        ct.Queue(name="projects/p/locations/l/queues/q").pause()


def test_an_unknown_queue_is_said_in_the_cell_that_asked(client: ct.Client, queue: ct.Queue) -> None:
    gone = client.queue(queue.id)
    queue.delete()
    for ask in (gone.refresh, gone.pause, gone.tasks, lambda: gone.create_task({}, url=URL)):
        with pytest.raises(ct.NotFound):
            ask()


@pytest.mark.parametrize("count", [-1, 1.5, "3"])
def test_what_is_no_number_of_items_is_refused(queue: ct.Queue, count: int) -> None:
    tasks = queue.tasks()
    for ask in (tasks.first, tasks.to_dataframe, tasks.to_arrow):
        with pytest.raises(ct.ConfigError, match="not a number of items"):
            ask(count)


def test_the_default_location_is_copied_as_the_text_that_it_is(client: ct.Client) -> None:
    assert pickle.loads(pickle.dumps(client.location)) == "us-central1"  # noqa: S301
    assert copy.deepcopy({"at": client.location}) == {"at": "us-central1"}
    with pytest.raises(ct.InvalidArgument):
        client.queue(None)  # type: ignore[arg-type]
    with pytest.raises(ct.InvalidArgument):
        client.location(5)  # type: ignore[arg-type]


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
