"""client.api over a real socket: requests, errors before any request, and displays."""

from __future__ import annotations

import inspect
import json
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.api import Api, ApiMethod, ListMethod
from cloudtasks_nb.api.describing import field_rows
from cloudtasks_nb.api.parameters import SYSTEM, parameters
from cloudtasks_nb.model.methods import methods_of
from tests.scripted import Scripted, answer, refusal, scripted
from tests.unit.model.test_methods import DOCUMENT, OFFICIAL

METHODS = methods_of("v2beta2")
PLACE = "projects/p/locations/us-central1"
QUEUE = f"{PLACE}/queues/emails"
TASK = f"{QUEUE}/tasks/t"


@contextmanager
def serving(*script: bytes, **options: Any) -> Iterator[tuple[ct.Client, Scripted]]:
    retry = ct.Retry(initial_s=0.001, maximum_s=0.01)
    with (
        scripted(*(script or (answer(200, {}),))) as server,
        ct.connect(
            project="p", location="us-central1", endpoint=server.url, retry=retry, **options
        ) as client,
    ):
        yield client, server


def request(server: Scripted, at: int = -1) -> tuple[str, str, list[tuple[str, str]], Any]:
    head, _, body = server.requests[at].partition("\r\n\r\n")
    verb, target, _ = head.split("\r\n")[0].split(" ")
    parts = urlsplit(target)
    return (
        verb,
        parts.path,
        parse_qsl(parts.query, keep_blank_values=True),
        json.loads(body) if body else None,
    )


def method(api: Api, method_id: str) -> ApiMethod:
    found: Any = api
    for name in method_id.split("."):
        found = getattr(found, name)
    assert isinstance(found, ApiMethod)
    return found


def arguments(method_id: str) -> dict[str, str]:
    """Path parameters in the form that a method needs."""
    return {name: form.replace("*", "x1") for name, form in METHODS[method_id].forms.items()}


@pytest.mark.parametrize("method_id", METHODS)
def test_every_method_sends_every_parameter_that_it_knows(method_id: str) -> None:
    with serving() as (client, server):
        known = parameters(METHODS[method_id])
        query = {name: f"v-{name}" for name, one in known.items() if one.where in ("query", "system")}
        query.pop("callback")
        body = {"body": {}} if "body" in known else {}
        assert method(client.api, method_id)(**arguments(method_id), **body, **query) == {}
    verb, path, sent, _ = request(server)
    assert (verb, path) == (
        METHODS[method_id].http,
        METHODS[method_id].url_path("v2beta2", **arguments(method_id)),
    )
    assert dict(sent) == {known[name].wire: value for name, value in query.items()}


@pytest.mark.parametrize("method_id", METHODS)
def test_signatures_and_docstrings_hold_every_official_parameter(method_id: str) -> None:
    with serving() as (client, _):
        one = method(client.api, method_id)
    shown = inspect.signature(one).parameters
    official = {*OFFICIAL[method_id]["parameters"], *DOCUMENT["parameters"]} - {"$.xgafv"}
    body = {"body"} if "request" in OFFICIAL[method_id] else set()
    alpha = {"pp", "bearer_token", "xgafv"} | ({"orderBy"} if method_id.endswith("tasks.list") else set())
    assert set(shown) == official | body | alpha
    assert all(name in (one.__doc__ or "") for name in shown)
    assert (type(one).__doc__ or "").startswith(("One REST method.", "A REST method"))
    assert one.__name__ == method_id.rpartition(".")[2]
    required = {name for name, what in shown.items() if what.default is inspect.Parameter.empty}
    assert required == set(METHODS[method_id].variables) - {"taskId"}


def _schema_paths(name: str, told: set[str], above: str = "") -> list[str]:
    found = []
    for field, what in DOCUMENT["schemas"][name].get("properties", {}).items():
        path = f"{above}{field}" + ("[]" if what.get("type") == "array" else "")
        found.append(path)
        inner = what.get("$ref") or what.get("items", {}).get("$ref")
        if inner and inner not in told:
            told.add(inner)
            found += _schema_paths(inner, told, f"{path}.")
    return found


@pytest.mark.parametrize("method_id", [one for one, what in OFFICIAL.items() if "response" in what])
def test_the_fields_shown_are_those_of_the_discovery_document(method_id: str) -> None:
    for kind, official in (
        (METHODS[method_id].request, OFFICIAL[method_id].get("request")),
        (METHODS[method_id].response, OFFICIAL[method_id]["response"]),
    ):
        if kind is not None and official is not None:
            shown = {path for path, _ in field_rows(kind)}
            assert shown == set(_schema_paths(official["$ref"], {official["$ref"]}))


def test_completion_leads_down_the_tree_and_nothing_is_called() -> None:
    with serving() as (client, server):
        assert dir(client.api) == ["api", "describe", "projects", "unchecked", "v2", "v2beta2", "v2beta3"]
        assert dir(client.api.projects.locations) == [
            "get", "getCmekConfig", "list", "operations", "queues", "updateCmekConfig",
        ]  # fmt: skip
        assert "cancelLease" in dir(client.api.projects.locations.queues.tasks)
        assert callable(client.api.api.queue.update)
        with pytest.raises(AttributeError, match="cancel_lease"):
            client.api.projects.locations.queues.tasks.cancel_lease  # noqa: B018
        text = str(client.api), repr(client.api.projects), str(client.api.projects.locations.queues.get)
        assert "29 methods" in text[0]
        assert not server.requests


def test_system_parameters_of_every_spelling_arrive_as_the_api_spells_them() -> None:
    with serving() as (client, server):
        read = client.api.projects.locations.queues.get
        read(QUEUE, xgafv=1)
        assert ("$.xgafv", "1") in request(server)[2]
        read(QUEUE, **{"$.xgafv": "2", "$fields": "name"})
        assert {("$.xgafv", "2"), ("$fields", "name")} < set(request(server)[2])
        read(QUEUE, prettyPrint=True, quotaUser="")
        assert request(server)[2] == [("prettyPrint", "true"), ("quotaUser", "")]
        read(QUEUE, fields=["name", "state"], pp=False)
        assert request(server)[2] == [("fields", "name,state"), ("pp", "false")]
        client.api.projects.locations.list("projects/p", extraLocationTypes=["a", "b"])
        assert request(server)[2][:2] == [("extraLocationTypes", "a"), ("extraLocationTypes", "b")]
        with pytest.raises(ct.InvalidArgument, match="twice"):
            read(QUEUE, xgafv=1, **{"$.xgafv": "2"})
        with pytest.raises(ct.InvalidArgument, match="twice"):
            read(QUEUE, name=QUEUE)


@pytest.mark.parametrize(
    ("call", "said", "hint"),
    [
        (lambda q: q.list(parent=PLACE, page_size=5), "'page_size'", "'pageSize'"),
        (lambda q: q.list(parent=PLACE, field="x"), "'field'", "'fields'"),
        (lambda q: q.list(), "parent is missing", 'parent="projects/…/locations/…"'),
        (lambda q: q.get("emails"), "projects/…/locations/…/queues/…", "queue.name"),
        (lambda q: q.get(f"{PLACE}/queues/.."), "must have the form", "queue.name"),
        (lambda q: q.get(7), "must have the form", "queue.name"),
        (lambda q: q.get(QUEUE, "FULL"), "Passed by position: 2 parameters. Allowed: 1.", "name"),
        (lambda q: q.pause(QUEUE, body=[]), "body must be a dict, not a list", "describe"),
        (lambda q: q.create(parent=PLACE, body={"rateLimit": {}}), "'rateLimit' is unknown", "'rateLimits'"),
        (
            lambda q: q.tasks.create(parent=QUEUE, body={"task": {"httpRequest": {"uri": "x"}}}),
            "at 'task.httpRequest' (HttpRequest)",
            "'url'",
        ),
        (
            lambda q: q.setIamPolicy(QUEUE, body={"policy": {"bindings": [{"roles": "x"}]}}),
            "at 'policy.bindings[0]' (Binding)",
            "'role'",
        ),
        (lambda q: q.tasks.create(QUEUE, body={"task": {"name": object()}}), "cannot be written", ""),
        (
            lambda q: q.patch(QUEUE, body={"rateLimits": {"maxTasksDispatchedPerSecond": math.nan}}),
            "rateLimits.maxTasksDispatchedPerSecond is nan",
            "pass None",
        ),
        (lambda q: q.tasks.lease(QUEUE, body={"maxTasks": math.inf}), "maxTasks is inf", "pass None"),
    ],
)  # fmt: skip
def test_what_nobody_knows_is_refused_before_sending_with_the_nearest_name(
    call: Any, said: str, hint: str
) -> None:
    with serving() as (client, server):
        with pytest.raises(ct.InvalidArgument) as caught:
            call(client.api.projects.locations.queues)
        assert not server.requests
    assert said in str(caught.value)
    assert hint in (caught.value.hint or "")
    assert (caught.value.method or "").startswith("projects.locations.queues")


def test_unchecked_sends_what_is_newer_than_this_package() -> None:
    with serving() as (client, server):
        queues = client.api.unchecked.projects.locations.queues
        queues.create(parent="projects/p/places/moon", body={"shape": {"round": True}}, colour="red")
        _, path, query, body = request(server)
        assert path == "/v2beta2/projects/p/places/moon/queues"
        assert ("colour", "red") in query
        assert body == {"shape": {"round": True}}
        with pytest.raises(ct.InvalidArgument):  # clients and proxies would resolve the dots
            queues.get("projects/p/../q")


def test_bodies_are_sent_as_they_are_and_pythons_values_as_json() -> None:
    with serving() as (client, server):
        tasks = client.api.projects.locations.queues.tasks
        tasks.create(
            QUEUE, body={"task": {"pullMessage": {"payload": b"hi"}, "retry_config": None}, "responseView": 2}
        )
        assert request(server)[3] == {
            "task": {"pullMessage": {"payload": "aGk="}, "retry_config": None}, "responseView": 2,
        }  # fmt: skip
        tasks.lease(QUEUE, body={"leaseDuration": timedelta(seconds=90)})
        assert request(server)[3] == {"leaseDuration": "90s"}
        client.api.projects.locations.queues.setIamPolicy(QUEUE, body={"policy": ct.Policy(version=1)})
        assert request(server)[3] == {"policy": {"version": 1}}
        tasks.run(TASK)
        assert request(server)[3] == {}


def test_a_callback_comes_back_as_text() -> None:
    script = answer(200, b'// API callback\nf({"a": 1});', content_type="text/javascript; charset=UTF-8")
    with serving(script) as (client, _):
        assert client.api.projects.locations.queues.get(QUEUE, callback="f").startswith("// API callback\nf(")


def test_listings_go_on_over_empty_pages_until_there_is_no_token() -> None:
    pages = [
        answer(200, {"tasks": [{"name": "a"}], "nextPageToken": "1"}),
        answer(200, {"nextPageToken": "2"}),
    ]
    with serving(*pages, refusal(429, "RESOURCE_EXHAUSTED"), answer(200, {"tasks": [{"name": "b"}]})) as (
        client,
        server,
    ):
        listing = client.api.projects.locations.queues.tasks.list
        assert isinstance(listing, ListMethod)
        names = [
            task["name"]
            for page in listing.pages(QUEUE, fields="tasks/name")
            for task in page.get("tasks", [])
        ]
    assert names == ["a", "b"]
    assert ("fields", "tasks/name,nextPageToken") in request(server, 0)[2]
    assert ("pageToken", "2") in request(server)[2]


@pytest.mark.parametrize("name", ["access_token", "oauth_token", "bearer_token"])
def test_a_token_of_the_calls_own_replaces_the_clients(name: str) -> None:
    with serving(refusal(401, "UNAUTHENTICATED"), access_token="ya29.of-the-client") as (client, server):
        with pytest.raises(ct.Unauthenticated) as caught:
            client.api.projects.locations.queues.get(QUEUE, **{name: "own-secret-value"})
        assert len(server.requests) == 1
        assert "authorization" not in server.requests[0].lower()
        assert (name, "own-secret-value") in request(server)[2]
    assert (
        "own-secret-value" not in str(caught.value) + repr(caught.value.__dict__) + caught.value._repr_html_()
    )


def test_a_key_of_the_calls_own_replaces_the_clients() -> None:
    with serving(api_key="AIza-client") as (client, server):
        client.api.projects.locations.queues.get(QUEUE, key="AIza-own")
        assert "x-goog-api-key" not in server.requests[0].lower()


def test_secrets_never_travel_in_the_clear_and_never_reach_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving() as (client, _):
        read = client.api.projects.locations.queues.get
        read(QUEUE, key="my-own-key", oauth_token="my-own-token", access_token="my-access")
    written = " ".join(record.getMessage() for record in caplog.records)
    assert "fields" not in written
    assert "/v2beta2/projects" in written  # the log was written
    assert "my-" not in written
    with ct.connect(project="p", endpoint="http://tasks.example.com") as client:
        for name in ("key", "access_token", "$key"):
            with pytest.raises(ct.ConfigError, match="plain-http") as caught:
                client.api.projects.locations.queues.get(QUEUE, **{name: "my-own-key"})
            assert "my-own-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "requests"),
    [
        (lambda q: q.get(QUEUE), 2),
        (lambda q: q.tasks.create(QUEUE, body={"task": {"pullMessage": {}}}), 1),
        (lambda q: q.tasks.create(QUEUE, body={"task": {"name": TASK, "pullMessage": {}}}), 2),
        (lambda q: q.tasks.batchDelete(QUEUE, body={"names": [TASK]}), 1),
        (lambda q: q.tasks.batchDelete(QUEUE, body={"names": [TASK], "request_id": "mine"}), 2),
        (lambda q: q.tasks.buffer(QUEUE), 1),
        (lambda q: q.tasks.buffer(QUEUE, "t1"), 2),
        (lambda q: q.tasks.acknowledge(TASK, body={"scheduleTime": "2026-07-31T12:00:00Z"}), 2),
        (lambda q: q.purge(QUEUE), 1),
    ],
)
def test_a_lost_answer_is_asked_for_again_where_that_is_safe(call: Any, requests: int) -> None:
    with serving(b"", answer(200, {"name": QUEUE})) as (client, server):
        if requests == 1:
            with pytest.raises(ct.TransportError):
                call(client.api.projects.locations.queues)
        else:
            call(client.api.projects.locations.queues)
        assert len(server.requests) == requests


def test_describe_is_a_card_and_knows_what_was_meant() -> None:
    with serving() as (client, _):
        card = client.api.describe("projects.locations.queues.tasks.lease")
        text = str(card)
        assert str(client.api.describe(client.api.projects.locations.queues.tasks.lease)) == text
        assert str(client.api.describe("cloudtasks.projects.locations.queues.tasks.lease")) == text
        for wrong, meant in (
            ("lese", "queues.tasks.lease"),
            ("projects.locations.queues.lst", "queues.list"),
        ):
            with pytest.raises(ct.ConfigError) as caught:
                client.api.describe(wrong)
            assert meant in (caught.value.hint or "")
    for words in (
        "POST /v2beta2/{parent}/tasks:lease",
        "cloudtasks.tasks.lease, held by roles/cloudtasks.editor",
        "never retried",
        "leaseDuration",
        "tasks[].pullMessage.tag",
        'client.api.projects.locations.queues.tasks.lease(parent=queue.name, body={"maxTasks": 10',
        "13 system parameters of every method",
    ):
        assert words in text
        assert words.partition("(")[0] in card._repr_html_()


@pytest.mark.parametrize("method_id", METHODS)
def test_the_example_line_of_every_method_can_be_run(method_id: str) -> None:
    from types import SimpleNamespace

    from cloudtasks_nb.api.describing import example

    with serving() as (client, server):
        names = {
            "client": client,
            "queue": SimpleNamespace(name=QUEUE),
            "location": SimpleNamespace(name=PLACE),
            "parent": PLACE,
            "policy": {},
            "key": "k",
            "names": [TASK],
        }
        task: Any = {"name": TASK, "scheduleTime": "2026-07-31T12:00:00Z"}
        line = example(METHODS[method_id]).replace("task.name", repr(TASK)).replace("…", "x")
        assert eval(line, names | {"task": task}) == {}  # noqa: S307 - our own line
        assert len(server.requests) == 1


@given(st.text(max_size=20))
def test_any_name_is_a_parameter_or_refused(name: str) -> None:
    known = {*parameters(METHODS["projects.locations.queues.get"]), *(f"${one}" for one in SYSTEM), "$.xgafv"}
    with ct.connect(project="p", endpoint="http://localhost:1") as client:
        if name not in known:
            with pytest.raises(ct.InvalidArgument):
                client.api.projects.locations.queues.get(QUEUE, **{name: "x"})
