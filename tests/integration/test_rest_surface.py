"""client.api, batches, and other ways to make one call, against the real emulator."""

from __future__ import annotations

import pytest

import cloudtasks_nb as ct
from tests.integration.filling import URL, new_id

PLACE = "projects/local/locations/us-central1"


def test_every_method_of_the_table_is_answered(client: ct.Client) -> None:
    """From creation to deletion, by the API's own names: all methods."""
    called: set[str] = set()

    def call(method: object, *args: object, **given: object) -> dict[str, object]:
        called.add(method._method.id)  # type: ignore[attr-defined]
        return method(*args, **given)  # type: ignore[operator, no-any-return]

    locations = client.api.projects.locations
    queues, tasks = locations.queues, locations.queues.tasks
    assert call(locations.list, "projects/local")["locations"]
    assert call(locations.get, PLACE)["locationId"] == "us-central1"
    key = "projects/local/locations/us-central1/keyRings/r/cryptoKeys/k"
    cmek = {"name": f"{PLACE}/cmekConfig"}
    call(locations.updateCmekConfig, cmek["name"], body=cmek | {"kmsKey": key}, updateMask="kmsKey")
    assert call(locations.getCmekConfig, cmek["name"])["kmsKey"] == key
    call(locations.updateCmekConfig, cmek["name"], body=cmek, updateMask="kmsKey")
    pull, push = f"{PLACE}/queues/{new_id()}", f"{PLACE}/queues/{new_id()}"
    call(queues.create, PLACE, body={"name": pull, "pullTarget": {}})
    override = {"uriOverride": {"host": "example.com"}}
    call(queues.create, PLACE, body={"name": push, "httpTarget": override})
    assert call(queues.get, pull, readMask="name,stats", fields="stats") is not None
    assert any(one["name"] == pull for one in call(queues.list, PLACE, pageSize=9800)["queues"])  # type: ignore[attr-defined]
    mask = "retryConfig.maxAttempts"
    patched = call(queues.patch, pull, body={"retryConfig": {"maxAttempts": 9}}, updateMask=mask)
    assert patched["retryConfig"]["maxAttempts"] == 9  # type: ignore[index]
    assert call(queues.pause, push)["state"] == "PAUSED"
    made = call(tasks.create, pull, body={"task": {"pullMessage": {"payload": b"hello", "tag": "a"}}})
    lease = {"maxTasks": 5, "leaseDuration": "60s", "filter": 'tag="a"', "responseView": "FULL"}
    [held] = call(tasks.lease, pull, body=lease)["tasks"]  # type: ignore[misc]
    assert held["pullMessage"]["payload"] == "aGVsbG8="
    again = {"scheduleTime": held["scheduleTime"], "leaseDuration": "90s"}
    renewed = call(tasks.renewLease, made["name"], body=again)
    free = call(tasks.cancelLease, made["name"], body={"scheduleTime": renewed["scheduleTime"]})
    [held] = call(tasks.lease, pull, body=lease)["tasks"]  # type: ignore[misc]
    assert held["scheduleTime"] != free["scheduleTime"]
    assert call(tasks.acknowledge, made["name"], body={"scheduleTime": held["scheduleTime"]}) == {}
    requests = [{"task": {"name": f"{push}/tasks/t{n}", "httpRequest": {"url": URL}}} for n in range(3)]
    operation = call(tasks.batchCreate, push, body={"requests": requests, "requestId": new_id()})
    assert call(locations.operations.get, operation["name"])["done"]
    assert call(tasks.get, f"{push}/tasks/t0", responseView="FULL")["view"] == "FULL"
    assert len(call(tasks.list, push)["tasks"]) == 3  # type: ignore[arg-type]
    assert call(tasks.run, f"{push}/tasks/t0")["name"] == f"{push}/tasks/t0"
    assert call(tasks.delete, f"{push}/tasks/t1") == {}
    call(tasks.batchDelete, push, body={"names": [f"{push}/tasks/t2"], "requestId": new_id()})
    buffered = call(tasks.buffer, push, "mine", body={"body": {"data": "aGVsbG8="}})
    assert buffered["task"]["name"] == f"{push}/tasks/mine"  # type: ignore[index]
    assert call(queues.getIamPolicy, pull).get("bindings") is None
    policy = {"bindings": [{"role": "roles/cloudtasks.viewer", "members": ["user:ada@example.com"]}]}
    assert call(queues.setIamPolicy, pull, body={"policy": policy})["etag"]
    asked = {"permissions": ["cloudtasks.queues.get"]}
    assert call(queues.testIamPermissions, pull, body=asked) == asked
    assert "purgeTime" in call(queues.purge, push)
    assert call(queues.resume, push)["state"] == "RUNNING"
    assert call(queues.delete, pull) == {}
    yaml = b"queue:\n- name: from-yaml\n  rate: 5/s\n"
    call(client.api.api.queue.update, appId="from-yaml", body={"data": yaml})
    from cloudtasks_nb.model.methods import METHODS

    assert called == set(METHODS)


def test_system_parameters_are_understood_at_the_other_end(client: ct.Client, queue: ct.Queue) -> None:
    read = client.api.projects.locations.queues.get
    assert read(queue.name, fields="name") == {"name": queue.name}
    assert read(queue.name, fields=["state", "name"], prettyPrint=True) == {
        "name": queue.name,
        "state": "RUNNING",
    }
    assert read(queue.name, callback="show").startswith("// API callback\nshow({")
    assert (
        read(queue.name, alt="json", quotaUser="me", key="any", upload_protocol="raw")["name"] == queue.name
    )
    with pytest.raises(ct.InvalidArgument, match="xgafv"):
        read(queue.name, xgafv="3")
    with pytest.raises(ct.InvalidArgument, match="media"):
        read(queue.name, alt="media")
    for page in client.api.projects.locations.queues.list.pages(PLACE, pageSize=2, fields="queues/name"):
        assert len(page.get("queues", [])) <= 2


def test_a_thousand_calls_in_one_request_each_with_its_own_outcome(
    client: ct.Client, queue: ct.Queue, calls: list[str]
) -> None:
    calls.clear()
    with client.batch() as batch:
        made = [
            batch.add(queue.create_task, n, url=URL, task_id=f"t{n % 999}", schedule=3600)
            for n in range(1000)
        ]
    assert len(calls) == 1
    assert [item.ok for item in batch.results] == [True] * 999 + [False]
    assert isinstance(batch.results[999].error, ct.AlreadyExists)
    assert made[7].result().id == "t7"
    with client.batch() as batch:
        batch.add(made[7].result().refresh)
        batch.add(queue.pause)
        batch.add(queue.iam_policy)
        batch.add(client.queue, "none-of-that-name")
        listed = batch.add(queue.tasks, page_size=10)
    assert made[7].result().json() == 7
    assert queue.state == "PAUSED"
    assert [item.ok for item in batch.results] == [True, True, True, False, True]
    assert len(list(listed.result())) == 999


def test_bulk_verbs_do_nothing_when_they_are_added_to_a_batch(client: ct.Client, queue: ct.Queue) -> None:
    queue.create_task(1, url=URL, task_id="t1", schedule=3600)
    batch = client.batch()
    for verb in (
        lambda: queue.delete_tasks(["t1"]),
        lambda: queue.run_tasks(["t1"]),
        lambda: queue.create_tasks([b"1"], url=URL),
        lambda: queue.copy_tasks(["t1"], to=queue, new_ids=True),
    ):
        with pytest.raises(ct.ConfigError, match="many calls"):
            batch.add(verb)
    assert [task.id for task in queue.tasks()] == ["t1"]
    with client.batch() as batch:
        batch.add(queue.task("t1").delete)
    assert list(queue.tasks()) == []


def test_many_tasks_in_one_call_and_the_operation_that_shows_for_it(queue: ct.Queue) -> None:
    operation = queue.batch_create(
        [{"payload": n, "url": URL, "task_id": f"t{n % 9}", "schedule": 3600} for n in range(10)]
    ).wait(timeout=30)
    assert (operation.state, list(operation.failures)) == ("PARTIALLY_SUCCEEDED", [9])
    assert operation.failures[9].code_name == "ALREADY_EXISTS"
    assert len(list(queue.tasks())) == 9
    assert operation.refresh().done
    gone = queue.batch_delete([f"t{n}" for n in range(9)]).wait()
    assert (gone.state, gone.failures) == ("SUCCEEDED", {})
    with pytest.raises(ct.Aborted, match="None of the requests succeeded"):
        queue.batch_delete(["t1", "t2"]).wait()


def test_leases_from_the_first_to_the_acknowledgement(client: ct.Client) -> None:
    queue = client.create_queue(new_id(), kind="pull")
    for n in range(3):
        queue.create_task({"n": n}, tag='say "hi"' if n else "other", task_id=f"t{n}")
    tasks = queue.lease(max_tasks=10, lease_duration=300, tag='say "hi"')
    assert sorted(task.json()["n"] for task in tasks) == [1, 2]
    assert queue.lease(tag='say "hi"') == []
    first, second = tasks
    before = first.schedule_time
    assert first.renew_lease(600).schedule_time > before
    first.acknowledge()
    with pytest.raises(ct.NotFound):
        first.acknowledge()
    assert second.cancel_lease() is second
    [again] = queue.lease(tag='say "hi"', view="BASIC")
    assert (again.id, again.payload) == (second.id, None)
    stale = queue.task(again.id)
    again.renew_lease(900)
    with pytest.raises(ct.FailedPrecondition) as caught:
        stale.acknowledge()
    assert "lease again" in (caught.value.hint or "")
    [other] = queue.lease(oldest_tag=True)
    assert other.tag == "other"
    with client.batch() as batch:
        for task in (again, other):
            batch.add(task.acknowledge)
    assert [item.ok for item in batch.results] == [True, True]
    assert list(queue.tasks()) == []
    queue.pause()
    with pytest.raises(ct.FailedPrecondition) as paused:
        queue.lease()
    assert "queue.resume()" in (paused.value.hint or "")


def test_a_buffered_task_goes_where_its_queue_says(client: ct.Client) -> None:
    queue = client.create_queue(
        new_id(), http_target={"uri_override": {"host": "example.com", "path_override": {"path": "/in"}}}
    ).pause()
    task = queue.buffer({"to": "ada"}, task_id="mine")
    assert (task.id, task.refresh().json()) == ("mine", {"to": "ada"})
    assert queue.buffer(b"\x00").id != "mine"
    with pytest.raises(ct.AlreadyExists):
        queue.buffer("again", task_id="mine")
    with pytest.raises(ct.ApiError):  # a queue without a target
        client.create_queue(new_id(), kind="pull").buffer("x")


def test_a_location_keeps_its_key(client: ct.Client) -> None:
    place = client.location("europe-west4")
    key = "projects/local/locations/europe-west4/keyRings/ring/cryptoKeys/key"
    assert place.cmek().kms_key == ""
    assert place.update_cmek(key).kms_key == key
    assert place.cmek().kms_key == key
    assert place.update_cmek("").kms_key == ""
    assert "Google's default key" in str(place.cmek())


def test_a_queue_yaml_sets_the_queues_of_its_project(emulator: str) -> None:
    with ct.connect(project=f"p-{new_id()}", location="us-central1", endpoint=emulator) as client:
        done = client.upload_queue_yaml("queue:\n- name: mail\n  rate: 5/s\n- name: pulled\n  mode: pull\n")
        assert done.location == "us-central1"
        assert done.queues is not None
        kinds = {queue.id: queue.kind for queue in done.queues}
        assert "mail" in str(done)
        assert (kinds["mail"], kinds["pulled"]) == ("app_engine", "pull")
        with pytest.raises(ct.InvalidArgument):
            client.upload_queue_yaml("queue:\n- name: mail\n  rate: fast\n")


def test_an_operation_is_found_again_by_its_name(client: ct.Client, queue: ct.Queue) -> None:
    started = queue.batch_create([{"payload": b"1", "url": URL, "schedule": 3600}])
    again = client.operation(started.name).wait(timeout=30)
    assert (again.name, again.state) == (started.name, "SUCCEEDED")
    assert [task.name for task in again.tasks] == [task.name for task in queue.tasks()]
    with pytest.raises(ct.NotFound):
        client.operation(f"{PLACE}/operations/none").wait()


def test_a_name_that_is_close_is_named(client: ct.Client) -> None:
    name = new_id()
    client.create_queue(name)
    with pytest.raises(ct.NotFound) as caught:
        client.queue(f"{name}s")
    assert f'did you mean "{name}"' in (caught.value.hint or "")
    with pytest.raises(ct.NotFound, match='did you mean "us-central1"'):
        client.location("us-centrall")
    with pytest.raises(ct.InvalidArgument, match='did you mean "us-central1"'):
        client.queues("us-centrall")


def test_a_queue_yaml_goes_to_the_location_of_app_engine() -> None:
    with ct.local(app_engine_location="europe-west1") as client:
        assert "europe-west1" in str(client.emulator)
        done = client.upload_queue_yaml("queue: [{name: mail, rate: 5/s}, {name: held, rate: 0}]")
        assert done.location == "europe-west1"
        assert done.queues is not None
        assert [(queue.id, queue.location, queue.state) for queue in done.queues] == [
            ("held", "europe-west1", "PAUSED"),
            ("mail", "europe-west1", "RUNNING"),
        ]
    with pytest.raises(ct.ConfigError, match="europe-north7"):
        ct.local(app_engine_location="europe-north7")
