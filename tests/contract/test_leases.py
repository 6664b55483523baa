"""Pull tasks. Each behaviour runs through several clients, so that none shares our misunderstandings."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.driver import Driver, Refused
from tests.contract.drivers import driver_of
from tests.contract.messages import b64

pytestmark = pytest.mark.versions("v2beta2")


def fill(driver: Driver, queue: str, *tags: str) -> list[str]:
    """The names of new tasks, in the order in which they are due; the payload is the position."""
    due = datetime.now(UTC) - timedelta(hours=1)
    return [
        driver.create_task(
            queue,
            {
                "name": f"{queue}/tasks/t{place}",
                "pullMessage": {"payload": b64(str(place).encode()), "tag": tag},
                "scheduleTime": (due + timedelta(seconds=place)).isoformat().replace("+00:00", "Z"),
            },
        )["name"]
        for place, tag in enumerate(tags)
    ]


def ids(tasks: list[dict[str, str]]) -> list[str]:
    return [task["name"].rpartition("/")[2] for task in tasks]


def test_a_task_is_leased_and_acknowledged(driver: Driver, pull_queue: str) -> None:
    (name,) = fill(driver, pull_queue, "t")
    before = datetime.now(UTC)
    (task,) = driver.lease(pull_queue, maxTasks=5, leaseDuration="60s", responseView="FULL")
    after = datetime.now(UTC)
    assert task["name"] == name
    assert task["pullMessage"] == {"payload": b64(b"0"), "tag": "t"}
    assert task["status"] == {"attemptDispatchCount": 1}
    assert task["view"] == "FULL"
    lease_end = datetime.fromisoformat(task["scheduleTime"])
    assert before <= lease_end - timedelta(seconds=60) <= after
    assert driver.get_task(name)["scheduleTime"] == task["scheduleTime"]

    driver.acknowledge(name, task["scheduleTime"])
    with pytest.raises(Refused, match="The task no longer exists, though") as refused:
        driver.acknowledge(name, task["scheduleTime"])
    assert refused.value.code == 404
    with pytest.raises(Refused, match=r"Requested entity was not found\.") as refused:
        driver.acknowledge(f"{pull_queue}/tasks/never", task["scheduleTime"])
    assert refused.value.code == 404
    with pytest.raises(Refused, match="a task with this name existed too recently"):
        driver.create_task(pull_queue, {"name": name, "pullMessage": {}})


def test_what_is_leased_is_not_leased_again(driver: Driver, pull_queue: str) -> None:
    fill(driver, pull_queue, "", "", "")
    assert ids(driver.lease(pull_queue, maxTasks=2, leaseDuration="600s")) == ["t0", "t1"]
    rest = driver.lease(pull_queue, leaseDuration="600s")
    assert ids(rest) == ["t2"]
    assert "payload" not in rest[0].get("pullMessage", {})
    assert driver.lease(pull_queue, leaseDuration="600s") == []


@pytest.mark.parametrize(
    ("filter", "leased"),
    [
        ("tag=a", ["t1", "t3"]),
        ('tag="a"', ["t1", "t3"]),
        ('tag = "with \\"signs\\" \\\\"', ["t4"]),
        ("tag_function=oldest_tag()", ["t0", "t5"]),
        ("tag=oldest_tag()", ["t0", "t5"]),
        ("tag=nothing", []),
        ("", ["t0", "t1", "t2", "t3", "t4", "t5"]),
    ],
)
def test_filters(driver: Driver, pull_queue: str, filter: str, leased: list[str]) -> None:
    fill(driver, pull_queue, "Größe", "a", "b", "a", 'with "signs" \\', "Größe")
    assert ids(driver.lease(pull_queue, leaseDuration="60s", filter=filter)) == leased


def test_the_oldest_task_without_a_tag_stands_for_those_without_one(driver: Driver, pull_queue: str) -> None:
    fill(driver, pull_queue, "", "a", "")
    leased = driver.lease(pull_queue, leaseDuration="60s", filter="tag_function=oldest_tag()")
    assert ids(leased) == ["t0", "t2"]


def test_a_lease_is_renewed_then_cancelled(driver: Driver, pull_queue: str) -> None:
    (name,) = fill(driver, pull_queue, "")
    (leased,) = driver.lease(pull_queue, leaseDuration="60s")
    renewed = driver.renew_lease(name, leased["scheduleTime"], "3600s", "FULL")
    assert renewed["pullMessage"]["payload"] == b64(b"0")
    assert renewed["status"] == {"attemptDispatchCount": 1}
    end, before = (datetime.fromisoformat(task["scheduleTime"]) for task in (renewed, leased))
    assert end - before > timedelta(minutes=58)

    for call in (
        lambda: driver.acknowledge(name, leased["scheduleTime"]),
        lambda: driver.cancel_lease(name, leased["scheduleTime"]),
        lambda: driver.renew_lease(name, leased["scheduleTime"], "60s"),
    ):
        with pytest.raises(Refused, match="schedule_time has changed") as refused:
            call()
        assert refused.value.code == 400

    cancelled = driver.cancel_lease(name, renewed["scheduleTime"])
    assert datetime.fromisoformat(cancelled["scheduleTime"]) <= datetime.now(UTC)
    (again,) = driver.lease(pull_queue, leaseDuration="60s")
    assert again["status"] == {"attemptDispatchCount": 2}


def test_attempts_used_up_end_the_task(driver: Driver, parent: str) -> None:
    asked = {"name": f"{parent}/queues/twice", "pullTarget": {}, "retryConfig": {"maxAttempts": 2}}
    queue = driver.create_queue(parent, asked)["name"]
    (name,) = fill(driver, queue, "")
    for count in (1, 2):
        (leased,) = driver.lease(queue, leaseDuration="60s")
        assert leased["status"] == {"attemptDispatchCount": count}
        driver.cancel_lease(name, leased["scheduleTime"])
    assert driver.lease(queue, leaseDuration="60s") == []
    with pytest.raises(Refused, match="The task no longer exists, though"):
        driver.get_task(name)


def test_paused_queues_give_no_leases(driver: Driver, pull_queue: str) -> None:
    names = fill(driver, pull_queue, "", "")
    leased = driver.lease(pull_queue, leaseDuration="60s")
    driver.pause(pull_queue)
    with pytest.raises(Refused, match="PAUSED") as refused:
        driver.lease(pull_queue, leaseDuration="60s")
    assert refused.value.code == 400
    with pytest.raises(Refused, match="PAUSED") as refused:
        driver.renew_lease(names[0], leased[0]["scheduleTime"], "60s")
    assert refused.value.code == 400
    driver.acknowledge(names[0], leased[0]["scheduleTime"])
    driver.cancel_lease(names[1], leased[1]["scheduleTime"])
    driver.resume(pull_queue)
    assert ids(driver.lease(pull_queue, leaseDuration="60s")) == ["t1"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "lease_duration is required."),
        ({"leaseDuration": "0.9s"}, "lease_duration must be at least 1 second."),
        ({"leaseDuration": "-5s"}, "lease_duration must be at least 1 second."),
        ({"leaseDuration": "604801s"}, "lease_duration must be at most 1 week."),
        ({"leaseDuration": "60s", "maxTasks": -1}, "max_tasks must be between 1 and 1000."),
        ({"leaseDuration": "60s", "maxTasks": 1001}, "max_tasks must be between 1 and 1000."),
        ({"leaseDuration": "60s", "filter": "state=PAUSED"}, "LeaseTasksRequest.filter must be"),
        ({"leaseDuration": "60s", "filter": "tag=two words"}, "LeaseTasksRequest.filter must be"),
        ({"leaseDuration": "60s", "filter": f"tag={'x' * 500}"}, "less than 500 characters"),
    ],
)
def test_lease_calls_that_are_refused(
    driver: Driver, pull_queue: str, body: dict[str, object], message: str
) -> None:
    with pytest.raises(Refused, match=re.escape(message)) as refused:
        driver.lease(pull_queue, **body)
    assert refused.value.code == 400


def test_push_tasks_have_no_leases(driver: Driver, queue: str) -> None:
    with pytest.raises(Refused, match="pull target") as refused:
        driver.lease(queue, leaseDuration="60s")
    assert refused.value.code == 400


@pytest.mark.parametrize("client", ["google-cloud-tasks", "google-api-python-client"])
def test_the_eleventh_call_within_a_second_is_refused(client: str, emulator: str, parent: str) -> None:
    """With Google's clients, because ours waits and retries."""
    with closing(driver_of(client, "v2beta2", emulator)) as driver:
        queue = driver.create_queue(parent, {"name": f"{parent}/queues/pull", "pullTarget": {}})["name"]
        accepted = 0
        with pytest.raises(Refused, match=r"Resource has been exhausted \(e\.g\. check quota\)\.") as refused:
            for _ in range(1000):  # on a slow machine, the first ten calls may take longer than a second
                driver.lease(queue, leaseDuration="60s")
                accepted += 1
    assert refused.value.code == 429
    assert accepted >= 10
