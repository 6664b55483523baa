"""Locations, queues and policies, through several clients, so that none shares our misunderstandings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.driver import Driver, Json, Refused
from tests.contract.messages import http_task


def test_every_region_exists_in_every_project(driver: Driver) -> None:
    found = {location["locationId"]: location for location in driver.locations("any-project")}
    assert len(found) > 35
    assert found["europe-west1"]["name"] == "projects/any-project/locations/europe-west1"
    assert found["europe-west1"]["displayName"] == "Belgium"


@pytest.mark.parametrize("location", ["nowhere1", "-"])
def test_an_unknown_location_is_refused(driver: Driver, location: str) -> None:
    with pytest.raises(Refused, match=f"Location '{location}' is not a valid location") as refused:
        driver.queues(f"projects/p/locations/{location}")
    assert refused.value.code == 400


@pytest.mark.versions("v2beta2", "v2beta3")
def test_a_new_queue_shows_its_defaults(driver: Driver, parent: str) -> None:
    created = driver.create_queue(parent, {"name": f"{parent}/queues/defaults"})
    assert created == {
        "name": f"{parent}/queues/defaults",
        "rateLimits": {
            "maxTasksDispatchedPerSecond": 500.0,
            "maxBurstSize": 100,
            "maxConcurrentTasks": 1000,
        },
        "retryConfig": {
            "maxAttempts": 100,
            "minBackoff": "0.100s",
            "maxBackoff": "3600s",
            "maxDoublings": 16,
        },
        "state": "RUNNING",
        "taskTtl": "2678400s",
        "tombstoneTtl": "3600s",
    }
    assert driver.get_queue(created["name"]) == created


@pytest.mark.versions("v2")
def test_a_new_queue_of_v2_shows_no_time_to_live(
    driver: Driver, parent: str, request: pytest.FixtureRequest
) -> None:
    asked: Json = {"name": f"{parent}/queues/defaults"}
    if (
        request.node.callspec.params["driver"][0] != "cloudtasks_nb"
    ):  # ours rejects fields that are output only in v2
        asked["rateLimits"] = {"maxBurstSize": -1}
    created = driver.create_queue(parent, asked)
    assert set(created) == {"name", "rateLimits", "retryConfig", "state"}
    assert (
        created["rateLimits"]["maxBurstSize"] == 100
    )  # the service's own value: the requested one is ignored


@pytest.mark.versions("v2beta2", "v2beta3")
def test_a_pull_queue_has_no_rates_of_its_own(driver: Driver, parent: str) -> None:
    asked = {
        "name": f"{parent}/queues/pull",
        "pullTarget": {},
        "rateLimits": {"maxTasksDispatchedPerSecond": 3},
    }
    created = driver.create_queue(parent, asked)
    assert created["pullTarget"] == {}
    assert created["rateLimits"]["maxConcurrentTasks"] == -1
    assert created["rateLimits"]["maxTasksDispatchedPerSecond"] == 10_000


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"rateLimits": {"maxTasksDispatchedPerSecond": 501}},
            "RateLimits.maxTasksDispatchedPerSecond must be less than or equal to 500.",
        ),
        (
            {"rateLimits": {"maxTasksDispatchedPerSecond": -1}},
            "RateLimits.maxTasksDispatchedPerSecond cannot be negative.",
        ),
        (
            {"rateLimits": {"maxConcurrentTasks": 5001}},
            "RateLimits.maxConcurrentTasks must be less than or equal to 5000.",
        ),
        ({"retryConfig": {"maxDoublings": -1}}, "RetryConfig.maxDoublings cannot be negative."),
        ({"retryConfig": {"minBackoff": "-1s"}}, "RetryConfig.minBackoff cannot be negative."),
        (
            {"retryConfig": {"minBackoff": "5s", "maxBackoff": "2s"}},
            "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
        ),
    ],
)
def test_limits_of_a_queue(driver: Driver, parent: str, settings: Json, message: str) -> None:
    with pytest.raises(Refused, match=re.escape(message)) as refused:
        driver.create_queue(parent, {"name": f"{parent}/queues/limits", **settings})
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("projects/p/queues/q", "Queue name must be formatted"),
        ("projects/p/locations/us-central1/queues/a_b", 'Queue ID "a_b" can contain only letters'),
        ("projects/other/locations/us-central1/queues/q", "must begin with"),
    ],
)
def test_names_of_queues(driver: Driver, name: str, message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        driver.create_queue("projects/p/locations/us-central1", {"name": name})
    assert refused.value.code == 400


def test_a_queue_name_is_taken_then_blocked(driver: Driver, parent: str, queue: str) -> None:
    with pytest.raises(Refused, match="Queue already exists") as refused:
        driver.create_queue(parent, {"name": queue})
    assert refused.value.code == 409
    driver.delete_queue(queue)
    with pytest.raises(Refused, match="a queue with this name existed too recently") as refused:
        driver.create_queue(parent, {"name": queue})
    assert refused.value.code == 400
    with pytest.raises(Refused, match=r"Queue does not exist\. If you just created the queue") as refused:
        driver.get_queue(queue)
    assert refused.value.code == 404
    with pytest.raises(Refused, match=r"Requested entity was not found\.") as refused:
        driver.delete_queue(queue)
    assert refused.value.code == 404


def test_queues_are_listed_by_name_over_pages(driver: Driver, parent: str) -> None:
    for number in (3, 1, 5, 2, 4):
        driver.create_queue(parent, {"name": f"{parent}/queues/q{number}"})
    names = [queue["name"] for queue in driver.queues(parent, page_size=2)]
    assert names == [f"{parent}/queues/q{number}" for number in range(1, 6)]


@pytest.mark.versions("v2beta2", "v2beta3")
def test_a_filter_chooses_queues(driver: Driver, parent: str) -> None:
    driver.create_queue(parent, {"name": f"{parent}/queues/a", "appEngineHttpTarget": {}})
    driver.create_queue(parent, {"name": f"{parent}/queues/b"})
    driver.pause(f"{parent}/queues/b")
    assert [queue["name"][-1] for queue in driver.queues(parent, "state: PAUSED")] == ["b"]
    assert [queue["name"][-1] for queue in driver.queues(parent, "app_engine_http_target: *")] == ["a"]
    with pytest.raises(Refused, match="filter") as refused:
        driver.queues(parent, "colour=red")
    assert refused.value.code == 400


def test_pause_and_resume(driver: Driver, queue: str) -> None:
    assert driver.pause(queue)["state"] == "PAUSED"
    assert driver.get_queue(queue)["state"] == "PAUSED"
    assert driver.create_task(queue, http_task())["name"].startswith(queue)
    assert driver.resume(queue)["state"] == "RUNNING"


def test_a_patch_changes_what_its_mask_names(driver: Driver, parent: str) -> None:
    name = f"{parent}/queues/patched"
    driver.create_queue(parent, {"name": name, "retryConfig": {"maxAttempts": 7, "maxBackoff": "60s"}})
    change = {"name": name, "retryConfig": {"maxAttempts": 9}, "rateLimits": {"maxConcurrentTasks": 3}}
    patched = driver.patch_queue(change, "retry_config.max_attempts")
    assert patched["retryConfig"]["maxAttempts"] == 9
    assert patched["retryConfig"]["maxBackoff"] == "60s"
    assert patched["rateLimits"]["maxConcurrentTasks"] == 1000
    # A masked field that the body leaves out returns to its default.
    assert (
        driver.patch_queue({"name": name}, "retry_config.max_backoff")["retryConfig"]["maxBackoff"] == "3600s"
    )
    driver.pause(name)
    assert driver.patch_queue({"name": name})["state"] == "PAUSED"


def test_unlimited_attempts_come_and_go(driver: Driver, parent: str) -> None:
    name = f"{parent}/queues/unlimited"
    created = driver.create_queue(parent, {"name": name, "retryConfig": {"unlimitedAttempts": True}})
    assert created["retryConfig"]["unlimitedAttempts"] is True
    assert "maxAttempts" not in created["retryConfig"]
    patched = driver.patch_queue(
        {"name": name, "retryConfig": {"maxAttempts": 3}}, "retry_config.max_attempts"
    )
    assert patched["retryConfig"]["maxAttempts"] == 3
    assert "unlimitedAttempts" not in patched["retryConfig"]


def test_a_patch_creates_a_missing_queue(driver: Driver, parent: str) -> None:
    created = driver.patch_queue({"name": f"{parent}/queues/new", "rateLimits": {"maxConcurrentTasks": 4}})
    assert created["rateLimits"]["maxConcurrentTasks"] == 4
    assert driver.get_queue(f"{parent}/queues/new") == created


@pytest.mark.versions("v2beta2", "v2beta3")
def test_statistics_are_shown_when_asked_for(driver: Driver, queue: str) -> None:
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    for late in (0, 60):
        driver.create_task(
            queue, {**http_task(), "scheduleTime": (due + timedelta(seconds=late)).isoformat()}
        )
    assert "stats" not in driver.get_queue(queue)
    shown = driver.get_queue(queue, "stats")
    assert set(shown) == {"stats"}
    assert int(shown["stats"]["tasksCount"]) == 2
    assert datetime.fromisoformat(shown["stats"]["oldestEstimatedArrivalTime"]) == due
    assert shown["stats"]["effectiveExecutionRate"] == 500


def test_purge_removes_tasks_and_keeps_their_names_blocked(driver: Driver, queue: str) -> None:
    name = driver.create_task(queue, {**http_task(), "name": f"{queue}/tasks/one"})["name"]
    driver.create_task(queue, http_task())
    assert "purgeTime" in driver.purge(queue)
    assert driver.tasks(queue) == []
    with pytest.raises(Refused, match="a task with this name existed too recently") as refused:
        driver.create_task(queue, {**http_task(), "name": name})
    assert refused.value.code == 409


def test_policies_are_guarded_by_their_etag(driver: Driver, queue: str) -> None:
    empty = driver.get_policy(queue)
    assert "bindings" not in empty
    bindings = [{"role": "roles/cloudtasks.enqueuer", "members": ["user:ada@example.com"]}]
    stored = driver.set_policy(queue, {"bindings": bindings, "etag": empty["etag"]})
    assert stored["bindings"] == bindings
    assert driver.get_policy(queue) == stored
    with pytest.raises(Refused, match="There were concurrent policy changes") as refused:
        driver.set_policy(queue, {"bindings": [], "etag": empty["etag"]})
    assert refused.value.code == 409


def test_permissions_are_those_of_existing_queues(driver: Driver, parent: str, queue: str) -> None:
    asked = ["cloudtasks.tasks.create", "cloudtasks.queues.get"]
    assert driver.held_permissions(queue, asked) == asked
    assert driver.held_permissions(f"{parent}/queues/none", asked) == []
