"""Queues of all locations: listed concurrently, and the partial listing if some locations fail."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import cloudtasks_nb as ct
from tests.scripted import Scripted, answer, refusal

DENIED = (
    'The principal (user or service account) lacks IAM permission "cloudtasks.queues.list" for the resource '
    '"projects/p/locations/{0}" (or the resource may not exist).'
)


class World(Scripted):
    """A server with a response for each location in `at`, after the list of locations."""

    def __init__(self, at: dict[str, list[bytes]]) -> None:
        self.at = at
        super().__init__(b"")

    def _answer(self, connection: socket.socket) -> None:
        request = connection.recv(65536).decode()
        self.requests.append(request)
        path = request.split()[1].partition("?")[0]
        if path.endswith("/locations"):
            places = [{"name": f"projects/p/locations/{place}"} for place in self.at]
            connection.sendall(answer(200, {"locations": places}))
        else:
            given = self.at[path.split("/locations/")[1].split("/")[0]]
            connection.sendall(given.pop(0) if len(given) > 1 else given[0])


def page(place: str, *names: str, token: str = "") -> bytes:
    queues = [{"name": f"projects/p/locations/{place}/queues/{name}"} for name in names]
    return answer(200, {"queues": queues, "nextPageToken": token})


def denied(place: str) -> bytes:
    return refusal(403, "PERMISSION_DENIED", DENIED.format(place))


@contextmanager
def world(**at: list[bytes]) -> Iterator[ct.Client]:
    server = World({place.replace("_", "-"): answers for place, answers in at.items()})
    try:
        with ct.connect("p", endpoint=server.url, retry=ct.Retry(max_tries=1)) as client:
            yield client
    finally:
        server.close()


def test_every_page_of_every_location_is_in_the_listing() -> None:
    europe = [page("europe-west1", "a", "b", token="next"), page("europe-west1", "c")]
    with world(
        europe_west1=europe, us_central1=[page("us-central1")], asia_east1=[page("asia-east1", "d")]
    ) as client:
        queues = client.queues("-")
        assert [queue.id for queue in queues] == ["a", "b", "c", "d"]
        assert {queue.location for queue in queues} == {"europe-west1", "asia-east1"}


def test_a_location_that_refuses_is_named_and_the_queues_of_the_others_are_kept() -> None:
    with (
        world(
            europe_west1=[page("europe-west1", "a", "b")],
            us_central1=[denied("us-central1")],
            asia_east1=[page("asia-east1", "c")],
        ) as client,
        pytest.raises(ct.PermissionDenied) as caught,
    ):
        client.queues("-")
    error = caught.value
    assert (error.method, error.resource) == (
        "projects.locations.queues.list",
        "projects/p/locations/us-central1",
    )
    assert "roles/cloudtasks.viewer" in str(error)
    assert (
        "us-central1 could not be listed; the error's .result has 3 queues of the other 2 locations"
        in str(error)
    )
    assert [queue.name.rpartition("/")[2] for queue in error.result] == ["a", "b", "c"]
    assert "europe-west1" in error.result._repr_html_()
    with pytest.raises(ct.ConfigError, match="client is closed"):  # the kept result has this client
        error.result[0].pause()


def test_several_that_fail_are_told_and_all_of_them_too() -> None:
    refused = {f"place_{n}": [denied(f"place-{n}")] for n in range(5)}
    with world(**refused, us_central1=[page("us-central1")]) as client:
        with pytest.raises(ct.PermissionDenied) as caught:
            client.queues("-")
        said = "5 locations could not be listed; the error's .result has 0 queues of the other location ("
        assert said in str(caught.value)
        assert "not listed: place-0, place-1, place-2, place-3, place-4: 403 PERMISSION_DENIED" in str(
            caught.value
        )
        assert caught.value.resource == "projects/p/locations/place-0"
    with world(**refused) as client, pytest.raises(ct.PermissionDenied) as caught:
        client.queues("-")
    assert "none of the 5 locations could be listed" in str(caught.value)
    assert caught.value.result == []


def test_locations_that_fail_in_other_ways_are_told_with_their_reasons() -> None:
    with world(
        first=[denied("first")],
        second=[denied("second")],
        third=[refusal(400, "INVALID_ARGUMENT", "Location third is not valid.")],
        fourth=[answer(200, {"queues": 7})],
    ) as client:
        with pytest.raises(ct.PermissionDenied) as caught:
            client.queues("-")
        said = str(caught.value)
        assert "not listed: first, second: 403 PERMISSION_DENIED: " in said
        assert "not listed: third: 400 INVALID_ARGUMENT: Location third is not valid." in said
        assert "not listed: fourth: DecodeError: " in said
        assert list(caught.value.not_listed) == ["first", "second", "third", "fourth"]


def test_what_befalls_the_whole_endpoint_is_not_waited_for_in_every_location() -> None:
    many = {f"place_{n}": [page(f"place-{n}", "a")] for n in range(40)}
    with world(first=[b""], **many) as client, pytest.raises(ct.TransportError) as caught:
        client.queues("-")
    assert "first could not be listed" in str(caught.value)
    assert all(queue.id == "a" for queue in caught.value.result)


def test_a_failing_later_page_fails_its_location() -> None:
    europe = [page("europe-west1", "a", token="next"), denied("europe-west1")]
    with world(europe_west1=europe, us_central1=[page("us-central1", "b")]) as client:
        with pytest.raises(ct.PermissionDenied) as caught:
            client.queues("-")
        assert [queue.id for queue in caught.value.result] == ["b"]


def test_instants_finer_than_a_microsecond_and_far_ones_are_read_in_listings_of_many() -> None:
    fine, far = "2026-01-02T03:04:05.123456789Z", "9999-12-31T23:59:59.999999999Z"
    queue, task = (f"projects/p/locations/us-central1/queues/a{rest}" for rest in ("", "/tasks/1"))
    queues = answer(200, {"queues": [{"name": queue, "purgeTime": fine}]})
    tasks = answer(200, {"tasks": [{"name": task, "createTime": fine, "scheduleTime": far}]})
    with world(us_central1=[queues, queues, tasks]) as client:
        listed = client.queues("-")
        assert listed.to_dataframe()["purge_time"][0].isoformat() == "2026-01-02T03:04:05.123456+00:00"
        row = listed.tasks().to_dataframe().iloc[0]
        assert row["create_time"].isoformat() == "2026-01-02T03:04:05.123456+00:00"
        assert row["schedule_time"].isoformat() == "9999-12-31T23:59:59.999999+00:00"


def test_a_queue_that_is_listed_twice_has_its_tasks_once() -> None:
    twice = [page("us-central1", "a", token="next"), page("us-central1", "a")]
    task = answer(200, {"tasks": [{"name": "projects/p/locations/us-central1/queues/a/tasks/1"}]})
    with world(us_central1=[*twice, task]) as client:
        assert [one.id for one in client.queues("us-central1").tasks()] == ["1"]
