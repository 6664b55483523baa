"""The client against the real emulator over real HTTP: the verbs of queues and tasks."""

from __future__ import annotations

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import URL, fill, new_id


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
        queue.update(retry_config={"min_backoff": "5 parsecs"})
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
    assert task.payload is None  # BASIC, because it was not requested
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
    assert queue.create_task(url=URL, schedule=moment.isoformat()).schedule_time == moment
    in_zone = moment.astimezone(timezone(timedelta(hours=5))).isoformat()
    assert queue.create_task(url=URL, schedule=in_zone).schedule_time == moment
    local = moment.astimezone().replace(tzinfo=None)  # local time of this machine
    for naive in (local, local.isoformat(), f"{local:%Y-%m-%d %H:%M:%S.%f}"):
        assert queue.create_task(url=URL, schedule=naive).schedule_time == moment
    for none in (pd.NaT, pd.NA, float("nan"), datetime.min):
        with pytest.raises(ct.InvalidArgument, match="not a valid due time"):
            queue.create_task(url=URL, schedule=none)  # type: ignore[arg-type]
    with pytest.raises(ct.InvalidArgument, match="too far in the future"):
        queue.create_task(url=URL, schedule=timedelta(days=31))
    with pytest.raises(ct.InvalidArgument, match="not a valid due time"):
        queue.create_task(url=URL, schedule="tomorrow")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schedule", "instant"),
    [
        (1767225600, "datetime.fromtimestamp(1767225600, UTC)"),
        (1767225600.5, "datetime.fromtimestamp(1767225600, UTC)"),
        ("1767225600", "datetime.fromtimestamp(1767225600, UTC)"),
        (1767225600000, "datetime.fromtimestamp(1767225600000 / 1000, UTC)"),
        (np.int64(1767225600_000_000_000), "datetime.fromtimestamp(1767225600000000000 / 1000000000, UTC)"),
    ],
)
def test_a_time_since_1970_is_not_taken_for_seconds_from_now(
    queue: ct.Queue, schedule: Any, instant: str
) -> None:
    for create in (queue.create_task, lambda _, **given: queue.batch_create([given])):
        with pytest.raises(ct.CloudTasksError, match="looks like seconds since 1970") as refused:
            create(None, url=URL, schedule=schedule)
        assert instant in str(refused.value)


def test_resources_go_where_their_names_go(client: ct.Client, queue: ct.Queue) -> None:
    task = queue.create_task(url=URL, schedule=3600)
    location = client.location(queue.location)
    assert client.queue(queue).name == location.queue(queue).name == queue.name
    assert queue.name in {one.name for one in client.queues(location)}
    assert client.location(location) == location
    for name in (task, task.name, f"{queue.location}/{queue.id}/{task.id}", f"{queue.id}/{task.id}"):
        assert client.task(name).name == task.name
    for name in (task, task.name, task.id):
        assert queue.task(name).name == task.name


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1.5, "5", True])
def test_how_many_tasks_are_leased_is_a_whole_number(client: ct.Client, number: Any) -> None:
    work = client.create_queue(new_id(), kind="pull")
    with pytest.raises(ct.ConfigError, match="max_tasks must be an integer"):
        work.lease(max_tasks=number)


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
    with pytest.raises(ct.InvalidArgument, match="Task ID"):  # not "no id", which would allow duplicates
        queue.create_task({}, url=URL, task_id="")
    for wrong in ({"url": 5}, {"method": 5}, {"task_id": 5}, {"headers": ["X"]}, {"headers": {"X": None}}):
        with pytest.raises(ct.InvalidArgument, match=r"must be a (string|dict)"):
            queue.create_task({}, **{"url": URL, **wrong})  # type: ignore[arg-type]
    for silently_base64 in ({"headers": {"X": b"x"}}, {"headers": {b"X": "x"}}, {"url": b"https://x"}):
        with pytest.raises(ct.InvalidArgument, match="must be a string"):
            queue.create_task({}, **{"url": URL, **silently_base64})  # type: ignore[arg-type]
    endless: list[object] = []
    endless.append(endless)
    for unwritable in ("\ud800", endless):
        with pytest.raises(ct.InvalidArgument, match="cannot be written"):
            queue.create_task(unwritable, url=URL)
    with pytest.raises(TypeError, match="schedule_time"):
        queue.create_task(b"", schedule_time=60)  # type: ignore[call-arg]
    assert list(queue.tasks()) == []


def test_a_name_is_taken_once_and_stays_blocked(queue: ct.Queue) -> None:
    task = queue.create_task({}, url=URL, task_id="one")
    with pytest.raises(ct.AlreadyExists):
        queue.create_task({}, url=URL, task_id="one")
    task.delete()
    with pytest.raises(ct.AlreadyExists, match="existed too recently") as caught:
        queue.create_task({}, url=URL, task_id="one")
    assert "task_id" in (caught.value.hint or "")


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


def test_the_default_location_is_copied_as_the_text_that_it_is(client: ct.Client) -> None:
    assert pickle.loads(pickle.dumps(client.location)) == "us-central1"  # noqa: S301
    assert copy.deepcopy({"at": client.location}) == {"at": "us-central1"}
    with pytest.raises(ct.InvalidArgument):
        client.queue(None)  # type: ignore[arg-type]
    with pytest.raises(ct.InvalidArgument):
        client.location(5)  # type: ignore[arg-type]
