"""The results of client.api: dicts, pages, and other responses."""

from __future__ import annotations

import pytest

import cloudtasks_nb as ct
from tests.scripted import Scripted, answer, scripted

QUEUE = "projects/p/locations/us-central1/queues/emails"


def connected(server: Scripted) -> ct.Client:
    return ct.connect("p", "us-central1", endpoint=server.url, retry=ct.Retry(max_tries=1))


def test_an_answer_that_is_no_json_is_an_error_and_not_a_text() -> None:
    with scripted(answer(200, b'{"name": "proj')) as server, connected(server) as client:
        with pytest.raises(ct.DecodeError) as caught:
            client.api.projects.locations.queues.get(name=QUEUE)
        assert (caught.value.method, caught.value.resource) == ("projects.locations.queues.get", QUEUE)


def test_a_callback_comes_back_as_text_whatever_it_holds() -> None:
    script = b"// API callback\nshow({\xff});"
    with (
        scripted(answer(200, script, content_type="text/javascript")) as server,
        connected(server) as client,
    ):
        assert client.api.projects.locations.queues.get(name=QUEUE, callback="show").startswith(
            "// API callback"
        )
    with scripted(answer(200, {"state": "PAUSED"})) as server, connected(server) as client:
        paused = client.api.projects.locations.queues.pause(name=QUEUE, callback="show")
    assert paused == {"state": "PAUSED"}  # only items that are read are wrapped


@pytest.mark.parametrize("name", ["fields", "$fields"])
@pytest.mark.parametrize("fields", ["tasks/name", ["tasks/name", "tasks/view"]])
def test_pages_go_on_whatever_fields_were_asked_for(name: str, fields: object) -> None:
    first, last = answer(200, {"tasks": [], "nextPageToken": "t"}), answer(200, {"tasks": []})
    with scripted(first, last) as server, connected(server) as client:
        tasks = client.api.projects.locations.queues.tasks
        assert len(list(tasks.list.pages(parent=QUEUE, **{name: fields}))) == 2
    assert "nextPageToken" in server.requests[0].partition(" HTTP/")[0]
    assert "pageToken=t" in server.requests[1]
