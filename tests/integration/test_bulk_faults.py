"""Bulk verbs duplicate and lose no task: against an emulator that rejects calls, and that drops connections before
and after a call took effect."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from tests.emulator_process import EmulatorProcess
from tests.integration.filling import another_second, new_id

EVERYTHING = {"exhausted": 0.04, "unavailable": 0.16, "cut_before": 0.2, "cut_after": 0.2, "seed": 11}
EVERY_CALL = {**EVERYTHING, "exhausted": 0.004}  # of a batch: any rejected call pauses all of them
SOON = ct.Retry(initial_s=0.005, maximum_s=0.05)


@pytest.fixture(scope="module")
def own() -> Iterator[str]:
    """An emulator that no other test uses."""
    with EmulatorProcess() as process:
        yield process.url
        assert process.stop() == ("", ""), "a fault on purpose is not a complaint"


@pytest.fixture
def client(own: str) -> Iterator[ct.Client]:
    with ct.connect(endpoint=own, retry=SOON) as client:
        yield client
        client.emulator.faults()


@pytest.fixture
def queue(client: ct.Client) -> ct.Queue:
    return client.create_queue(new_id(), kind="pull")


def payloads(queue: ct.Queue) -> Counter[bytes | None]:
    return Counter(task.payload for task in queue.tasks(view="FULL"))


def wanted(count: int) -> Counter[bytes | None]:
    return Counter(str(number).encode() for number in range(count))


def test_creation_doubles_and_loses_nothing(client: ct.Client, queue: ct.Queue) -> None:
    client.emulator.faults(**EVERYTHING, methods="queues.tasks.batchCreate")
    result = queue.create_tasks(str(number) for number in range(4000))
    counts = client.emulator.fault_report().counts
    assert counts is not None
    assert min(counts.exhausted, counts.unavailable, counts.cut_before, counts.cut_after) > 0
    assert result.ok
    assert result.repeated > 0
    assert payloads(queue) == wanted(4000)


def test_what_was_given_up_on_is_finished_by_trying_again(client: ct.Client, queue: ct.Queue) -> None:
    client.emulator.faults(cut_after=0.5, unavailable=0.2, seed=5, methods="queues.tasks.batchCreate")
    with ct.connect(endpoint=client.endpoint, retry=ct.Retry(max_tries=1)) as hasty:
        result = hasty.queue(queue.name).create_tasks((str(number) for number in range(3000)), concurrency=2)
        assert 0 < result.failed_count < 3000
        for _ in range(100):
            if not result.failed_count:
                break
            result = hasty.queue(queue.name).create_tasks(result.failed)
    assert result.ok
    assert payloads(queue) == wanted(3000)


def test_deletion_and_moving_account_for_every_task(client: ct.Client, queue: ct.Queue) -> None:
    queue.create_tasks(str(number) for number in range(2000)).raise_for_errors()
    target = client.create_queue(new_id(), kind="pull")
    another_second(queue)
    client.emulator.faults(**EVERY_CALL, methods=["queues.tasks.*"])
    result = queue.move_tasks(to=target)
    client.emulator.faults()
    assert result.ok
    assert payloads(queue) == {}
    assert payloads(target) == wanted(2000)
    client.emulator.faults(**EVERYTHING, methods=["queues.tasks.batchDelete"])
    assert target.delete_tasks(target.tasks(page_size=100)).done == 2000
    assert payloads(target) == {}


def counted_faults(client: ct.Client) -> dict[str, int]:
    counts = client.emulator.fault_report().counts
    assert counts is not None
    return {name: getattr(counts, name) for name in ("exhausted", "unavailable", "cut_before", "cut_after")}


def test_many_calls_in_one_request_read_and_acknowledge_every_task_once(
    client: ct.Client, queue: ct.Queue
) -> None:
    queue.create_tasks(str(number) for number in range(2000)).raise_for_errors()
    target = client.create_queue(new_id(), kind="pull")
    client.emulator.faults(**EVERYTHING, methods="batch")
    result = queue.copy_tasks(
        queue.tasks().to_dataframe(), to=target
    )  # only names are given: each task is read
    assert min(counted_faults(client).values()) > 0
    assert result.ok and result.repeated > 0
    client.emulator.faults()
    assert payloads(target) == wanted(2000) == payloads(queue)
    leased = [task for _ in range(2) for task in queue.lease(max_tasks=1000, lease_duration=600)]
    client.emulator.faults(**EVERYTHING, methods="batch")
    result = queue.acknowledge_tasks(leased)
    assert min(counted_faults(client).values()) > 0
    assert result.ok and result.repeated > 0
    assert payloads(queue) == {}


@pytest.mark.parametrize("methods", ["queues.tasks.acknowledge", ["batch", "queues.tasks.acknowledge"]])
def test_faults_of_a_method_hit_its_calls_in_a_request_of_many(
    client: ct.Client, queue: ct.Queue, methods: str | list[str]
) -> None:
    queue.create_tasks(str(number) for number in range(1000)).raise_for_errors()
    leased = queue.lease(max_tasks=1000, lease_duration=600)
    client.emulator.faults(cut_before=0.2, cut_after=0.2, unavailable=0.2, methods=methods)
    result = queue.acknowledge_tasks(leased)
    assert min(counted_faults(client)[name] for name in ("cut_before", "cut_after", "unavailable")) > 20
    assert result.ok and result.repeated > 100
    assert payloads(queue) == {}


def test_a_call_that_is_cut_off_has_no_response_among_many(client: ct.Client, queue: ct.Queue) -> None:
    client.emulator.faults(cut_after=1, latency="0.2s", methods="queues.pause")
    began_s = time.monotonic()
    with client.batch() as batch:
        paused, read = batch.add(queue.pause), batch.add(queue.refresh)
    assert isinstance(paused.error, ct.TransportError) and read.ok
    assert time.monotonic() - began_s >= 0.2
    assert queue.refresh().state == "PAUSED", "it took effect"


def test_no_task_is_run_twice_when_answers_get_lost(client: ct.Client) -> None:
    """A run is not idempotent: a run without a response counts as failed, and is not retried."""
    inbox = client.emulator.inbox()
    inbox.on()(lambda request: 503)  # they stay, and their next attempt is an hour away
    queue = client.create_queue(new_id(), retry_config={"min_backoff": 3600, "max_backoff": 3600})
    queue.create_tasks(
        {"url": inbox.url, "task_id": f"t-{number}", "schedule": 3600} for number in range(900)
    )
    client.emulator.faults(cut_before=0.2, cut_after=0.3, seed=4, methods="batch")
    result = queue.run_tasks(queue.tasks().to_dataframe())
    faults = counted_faults(client)
    client.emulator.faults()
    assert min(faults["cut_before"], faults["cut_after"]) > 0
    report = result.to_dataframe().set_index("name")
    tried = queue.tasks().to_dataframe().set_index("name")["dispatch_count"]
    assert 0 < result.failed_count < 900 and len(tried) == 900
    assert tried.max() == 1 == report["attempts"].max()
    assert (tried[report.index[report["ok"]]] == 1).all()
    assert 0 < tried[report.index[~report["ok"]]].sum() < result.failed_count


def test_a_backup_survives_them_or_is_not_there(client: ct.Client, queue: ct.Queue, tmp_path: Path) -> None:
    queue.create_tasks(str(number) for number in range(3000)).raise_for_errors()
    client.emulator.faults(**EVERYTHING, methods="queues.tasks.list")
    queue.backup(tmp_path / "survived.parquet")
    client.emulator.faults(unavailable=1, methods="queues.tasks.list")
    gives_up = pytest.raises((ct.Unavailable, ct.Timeout))  # on a busy machine its deadline may pass first
    with ct.connect(endpoint=client.endpoint, timeout=0.3) as hasty, gives_up:
        hasty.queue(queue.name).purge(backup=tmp_path / "failed.parquet")
    client.emulator.faults()
    assert [path.name for path in tmp_path.iterdir()] == ["survived.parquet"]
    assert payloads(queue) == wanted(3000)
    again = client.create_queue(new_id(), kind="pull")
    client.emulator.faults(**EVERYTHING)
    again.restore(tmp_path / "survived.parquet").raise_for_errors()
    client.emulator.faults()
    assert payloads(again) == wanted(3000)


def test_a_purged_queue_is_restored_whole_whatever_the_service_does(
    client: ct.Client, queue: ct.Queue, tmp_path: Path
) -> None:
    """Every id is blocked: after a lost response, ALREADY_EXISTS does not mean that the task exists."""
    named = ({"payload": str(number), "task_id": f"t-{number}"} for number in range(1000))
    queue.create_tasks(named).raise_for_errors()
    queue.purge(backup=tmp_path / "queue.parquet")
    client.emulator.faults(**EVERY_CALL, methods=["queues.tasks.*"])
    result = queue.restore(tmp_path / "queue.parquet")
    assert min(counted_faults(client).values()) > 0
    client.emulator.faults()
    assert result.ok and result.repeated > 0
    assert payloads(queue) == wanted(1000)
    assert queue.restore(tmp_path / "queue.parquet").ok
    assert payloads(queue) == wanted(1000), "a task that is restored twice exists once"


def test_what_is_moved_is_there_before_it_is_deleted(client: ct.Client, queue: ct.Queue) -> None:
    target = client.create_queue(new_id(), kind="pull")
    named = [{"payload": str(number), "task_id": f"t-{number}"} for number in range(1000)]
    queue.create_tasks(named).raise_for_errors()
    target.create_tasks(named[:500]).raise_for_errors()
    target.delete_tasks(target.tasks()).raise_for_errors()  # these ids are blocked
    target.create_tasks([{**one, "payload": b"other"} for one in named[500:600]]).raise_for_errors()
    another_second(queue)
    client.emulator.faults(**EVERY_CALL, methods=["queues.tasks.*"])
    result = queue.move_tasks(to=target)
    client.emulator.faults()
    assert (result.done, result.failed_count) == (400, 600)
    assert payloads(queue) == Counter(str(number).encode() for number in range(600))
    assert payloads(target) - Counter({b"other": 100}) == wanted(1000) - wanted(600)


@pytest.mark.parametrize("faults", [{}, EVERY_CALL])
def test_a_queue_is_not_moved_into_itself_by_another_address(
    client: ct.Client, queue: ct.Queue, faults: dict[str, float]
) -> None:
    """The task under the same name is the one that would be deleted."""
    named = [{"payload": str(number), "task_id": f"t-{number}"} for number in range(500)]
    queue.create_tasks(named).raise_for_errors()
    with ct.connect(endpoint=client.endpoint.replace("127.0.0.1", "localhost"), retry=SOON) as other:
        client.emulator.faults(**faults, methods=["queues.tasks.*"]) if faults else None
        result = queue.move_tasks(to=other.queue(queue.name))
    client.emulator.faults()
    assert (result.done, result.failed_count) == (0, 500)
    assert payloads(queue) == wanted(500)


def test_a_late_answer_is_late(client: ct.Client, queue: ct.Queue) -> None:
    client.emulator.faults(latency="1min", methods="queues.get")
    with ct.connect(endpoint=client.endpoint, timeout=0.2) as hasty, pytest.raises(ct.Timeout):
        hasty.queue(queue.name)
    client.emulator.faults()
    with pytest.raises(ct.InvalidArgument, match="share of calls"):
        client.emulator.faults(unavailable=2)
    with pytest.raises(TypeError):
        client.emulator.faults(earthquake=1)
