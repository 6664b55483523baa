"""One store, three versions: a task that one client creates can be read, run and deleted by the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

import pytest

from cloudtasks_nb.model.versions import VERSIONS
from tests.contract.driver import Driver, Refused
from tests.contract.drivers import CLIENTS, driver_of
from tests.contract.messages import b64, http_task


@pytest.fixture(params=CLIENTS)
def drivers(request: pytest.FixtureRequest, emulator: str) -> Iterator[dict[str, Driver]]:
    made = {version: driver_of(request.param, version, emulator) for version in VERSIONS}
    yield made
    for driver in made.values():
        driver.close()


def test_a_task_made_through_one_version_is_seen_run_and_deleted_through_the_others(
    drivers: dict[str, Driver], parent: str
) -> None:
    for at, (version, other) in enumerate(pairwise([*VERSIONS, VERSIONS[0]])):
        made, seen = drivers[version], drivers[other]
        queue = made.create_queue(parent, {"name": f"{parent}/queues/q{at}"})["name"]
        seen.pause(queue)
        task = made.create_task(queue, http_task(url="http://127.0.0.1:9/x", body=b64(b"hello")), "FULL")
        assert seen.get_task(task["name"], "FULL") == task
        assert [one["name"] for one in seen.tasks(queue)] == [task["name"]]
        ran = seen.run_task(task["name"])
        assert ran["status"]["attemptDispatchCount"] == 1
        assert made.get_task(task["name"])["status"]["attemptDispatchCount"] == 1
        seen.delete_task(task["name"])
        with pytest.raises(Refused, match="The task no longer exists, though"):
            made.get_task(task["name"])


def test_a_deadline_of_a_task_shows_where_the_version_has_one(emulator: str, parent: str) -> None:
    for client in CLIENTS:
        with (
            closing(driver_of(client, "v2", emulator)) as v2,
            closing(driver_of(client, "v2beta3", emulator)) as v2beta3,
            closing(driver_of(client, "v2beta2", emulator)) as v2beta2,
        ):
            queue = v2.create_queue(parent, {"name": f"{parent}/queues/deadline-{client.replace('_', '-')}"})[
                "name"
            ]
            v2.pause(queue)
            name = v2.create_task(queue, {**http_task(), "dispatchDeadline": "20s"})["name"]
            assert v2.get_task(name)["dispatchDeadline"] == "20s"
            assert v2beta3.tasks(queue)[0]["dispatchDeadline"] == "20s"
            assert "dispatchDeadline" not in v2beta2.get_task(name)
            assert "dispatchDeadline" not in v2beta2.tasks(queue)[0]
            with pytest.raises(Refused, match=r"Task.dispatchDeadline must be between \[15s, 30m\]"):
                v2.create_task(queue, {**http_task(), "dispatchDeadline": "2s"})


def test_logging_is_kept_for_the_versions_that_know_it(emulator: str, parent: str) -> None:
    for at, client in enumerate(CLIENTS):
        with (
            closing(driver_of(client, "v2", emulator)) as v2,
            closing(driver_of(client, "v2beta2", emulator)) as v2beta2,
        ):
            name = f"{parent}/queues/logged{at}"
            v2.create_queue(parent, {"name": name, "stackdriverLoggingConfig": {"samplingRatio": 0.25}})
            assert "stackdriverLoggingConfig" not in v2beta2.get_queue(name)
            v2beta2.patch_queue(
                {"name": name, "retryConfig": {"maxAttempts": 4}}, "retry_config.max_attempts"
            )
            assert v2.get_queue(name)["stackdriverLoggingConfig"] == {"samplingRatio": 0.25}
            changed = {"name": name, "stackdriverLoggingConfig": {"samplingRatio": 1}}
            patched = v2.patch_queue(changed, "stackdriver_logging_config.sampling_ratio")
            assert patched["stackdriverLoggingConfig"] == {"samplingRatio": 1}
            with pytest.raises(Refused, match="samplingRatio must be between"):
                v2.patch_queue({**changed, "stackdriverLoggingConfig": {"samplingRatio": 2}})


def test_a_pull_queue_of_v2beta2_shows_its_type_in_v2beta3(drivers: dict[str, Driver], parent: str) -> None:
    name = f"{parent}/queues/pull"
    drivers["v2beta2"].create_queue(parent, {"name": name, "pullTarget": {}})
    drivers["v2beta2"].create_task(name, {"pullMessage": {"payload": b64(b"x"), "tag": "t"}})
    assert drivers["v2beta3"].get_queue(name)["pullTarget"] == {}
    (seen,) = drivers["v2beta3"].tasks(name, "FULL")
    assert seen["pullMessage"] == {"payload": b64(b"x"), "tag": "t"}
    assert "pullMessage" not in drivers["v2"].tasks(name, "FULL")[0]


def test_the_later_versions_know_push_queues_of_one_kind(drivers: dict[str, Driver], parent: str) -> None:
    """A queue's settings for App Engine tasks and for HTTP tasks exist side by side; pull is a different kind."""
    routing = {"appEngineHttpTarget": {"appEngineRoutingOverride": {"service": "worker"}}}
    target = {"httpTarget": {"httpMethod": "PUT"}}
    app_engine_task = {"appEngineHttpRequest": {"relativeUrl": "/work"}}
    plain, both, pull = (f"{parent}/queues/{name}" for name in ("plain", "both", "pull"))
    v2, v2beta3, v2beta2 = drivers["v2"], drivers["v2beta3"], drivers["v2beta2"]
    v2.create_queue(parent, {"name": plain})
    mask = "app_engine_http_target.app_engine_routing_override"
    v2beta3.patch_queue({"name": plain, **routing}, mask)
    v2beta3.patch_queue({"name": plain, **target}, "http_target")
    v2.create_queue(parent, {"name": both, **routing, **target})
    assert [queue["name"] for queue in v2beta2.queues(parent)] == [both, plain]
    for name in (plain, both):
        seen = v2beta3.get_queue(name)
        assert seen["appEngineHttpTarget"]["appEngineRoutingOverride"]["service"] == "worker"
        assert seen["httpTarget"] == {"httpMethod": "PUT"}
        assert "httpTarget" not in v2beta2.get_queue(name)  # which supports only one target of a queue
        for driver in (v2, v2beta3, v2beta2):
            driver.pause(name)
            driver.create_task(name, http_task())
            driver.create_task(name, app_engine_task)
    with pytest.raises(Refused, match="pull"):
        v2beta3.create_queue(parent, {"name": pull, "pullTarget": {}, **target})
    v2beta3.create_queue(parent, {"name": pull, "pullTarget": {}})
    for change, path in ((routing, mask), (target, "http_target")):
        with pytest.raises(Refused, match="type of a queue cannot be changed"):
            v2beta3.patch_queue({"name": pull, **change}, path)


def test_a_push_queue_takes_every_target_and_every_http_task_in_every_version(
    drivers: dict[str, Driver], parent: str
) -> None:
    """The requests of `gcloud alpha tasks queues create n`, then `update n --routing-override=service:worker`."""
    routing = {"appEngineHttpTarget": {"appEngineRoutingOverride": {"service": "worker"}}}
    for version in ("v2beta2", "v2beta3"):
        driver, name = drivers[version], f"{parent}/queues/given-{version}"
        driver.create_queue(parent, {"name": name})
        driver.patch_queue({"name": name, **routing}, "app_engine_http_target.app_engine_routing_override")
        shown = drivers["v2beta3"].get_queue(name)["appEngineHttpTarget"]["appEngineRoutingOverride"]
        assert shown["service"] == "worker"
        for seen in drivers.values():
            seen.pause(name)
            seen.create_task(name, http_task())
            seen.create_task(name, {"appEngineHttpRequest": {"relativeUrl": "/work"}})


def test_an_http_target_set_in_v2beta2_takes_the_place_of_that_of_app_engine(
    drivers: dict[str, Driver], parent: str
) -> None:
    name = f"{parent}/queues/app-engine"
    drivers["v2beta2"].create_queue(parent, {"name": name, "appEngineHttpTarget": {}})
    patched = drivers["v2beta2"].patch_queue(
        {"name": name, "httpTarget": {"httpMethod": "PUT"}}, "http_target"
    )
    assert patched["httpTarget"] == {"httpMethod": "PUT"}
    assert "appEngineHttpTarget" not in patched
    with pytest.raises(Refused, match="can be set only if"):
        drivers["v2beta2"].create_task(name, {"appEngineHttpRequest": {"relativeUrl": "/work"}})
