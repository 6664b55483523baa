"""An endpoint that serves only some versions: after a 404 without a resource, the next version is used from then on."""

from __future__ import annotations

import pytest

import cloudtasks_nb as ct
from tests.scripted import Scripted, answer, refusal, scripted

PLACE = "projects/p/locations/us-central1"
QUEUE = f"{PLACE}/queues/emails"
HTML = answer(404, b"<html>Not Found</html>", content_type="text/html")
NO_URL = refusal(404, "NOT_FOUND", "The requested URL was not found on this server.")
HERE = answer(200, {"name": QUEUE, "state": "RUNNING"})


def versions(server: Scripted) -> list[str]:
    return [request.split(" ")[1].split("/")[1] for request in server.requests]


def connected(server: Scripted, **more: object) -> ct.Client:
    return ct.connect("p", "us-central1", endpoint=server.url, retry=ct.Retry(max_tries=1), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", [HTML, NO_URL])
def test_it_falls_back_once_and_remembers(missing: bytes) -> None:
    with scripted(missing, HERE, HERE) as server, connected(server) as client:
        assert client.queue("emails").state == "RUNNING"
        assert client.queue("emails").state == "RUNNING"
        assert client.offers_stats  # v2beta2 may still be served
    assert versions(server) == ["v2beta3", "v2", "v2"]


def test_what_the_fallback_lacks_goes_on_to_the_one_that_has_it_or_is_refused_and_never_dropped() -> None:
    made = answer(200, {"name": QUEUE})
    with scripted(HTML, made, HTML, HTML) as server, connected(server) as client:
        assert client.create_queue("emails", task_ttl=10**6).name == QUEUE
        with pytest.raises(ct.ConfigError, match=r"does not serve v2beta2, v2beta3.*Queue\.stats"):
            client.queue("emails", stats=True)
    assert versions(server) == ["v2beta3", "v2beta2", "v2beta2"]


def test_a_queue_that_does_not_exist_and_an_endpoint_that_is_none_are_no_reason_to_fall_back() -> None:
    with (
        scripted(refusal(404, "NOT_FOUND", "Queue does not exist."), HERE) as server,
        connected(server) as client,
    ):
        with pytest.raises(ct.NotFound, match="Queue does not exist"):
            client.queue("emails")
        assert {*versions(server)} == {"v2beta3"}
    with scripted(HTML, HTML, HTML, HERE) as server, connected(server) as client:
        with pytest.raises(ct.DecodeError, match="HTTP 404 with text/html"):
            client.queue("emails")
        assert client.queue("emails").state == "RUNNING"
    assert versions(server) == ["v2beta3", "v2", "v2beta2", "v2beta3"]


def test_a_version_that_is_named_is_not_left() -> None:
    with (
        scripted(HTML) as server,
        connected(server, api_version="v2beta3") as client,
        pytest.raises(ct.DecodeError, match="HTTP 404"),
    ):
        client.queue("emails")
    assert versions(server) == ["v2beta3"]


def test_pages_of_a_listing_stay_in_one_version() -> None:
    def page(at: int, token: str = "") -> bytes:
        return answer(200, {"queues": [{"name": f"{PLACE}/queues/q{at}"}], "nextPageToken": token})

    with scripted(HTML, page(1, "b"), page(2, "c"), page(3)) as server, connected(server) as client:
        assert [queue.id for queue in client.queues()] == ["q1", "q2", "q3"]
    assert versions(server) == ["v2beta3", "v2", "v2", "v2"]


def test_a_page_that_another_version_has_a_token_for_is_asked_of_that_version_alone() -> None:
    first = answer(200, {"queues": [{"name": QUEUE}], "nextPageToken": "b"})
    with (
        scripted(first, HTML, first) as server,
        connected(server) as client,
        pytest.raises(ct.DecodeError, match="HTTP 404"),
    ):
        list(client.queues())
    assert versions(server) == ["v2beta3", "v2beta3"]


def test_a_name_that_belongs_to_a_queue_of_another_kind_now_is_read_as_such() -> None:
    pull, push = answer(200, {"name": QUEUE, "type": "PULL"}), answer(200, {"name": QUEUE, "type": "PUSH"})
    nothing = answer(200, {"tasks": []})
    with scripted(pull, nothing, push, nothing) as server, connected(server) as client:
        client.queue("emails").tasks()
        client.create_queue("emails").tasks()
    assert versions(server) == ["v2beta3", "v2beta2", "v2beta3", "v2beta3"]
