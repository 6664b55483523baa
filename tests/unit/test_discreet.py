"""No secret in any repr: of returned messages, dicts and lists, and of variables in tracebacks."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
from collections.abc import Callable
from pprint import pformat
from typing import Any

import msgspec
import pandas as pd
import pytest
from IPython.core.ultratb import VerboseTB
from IPython.lib.pretty import pretty

import cloudtasks_nb as ct
from cloudtasks_nb.discreet import JsonArray, JsonObject, Secret, discreet
from cloudtasks_nb.emulator.client.answering import HttpAnswer
from cloudtasks_nb.emulator.client.received import Received
from cloudtasks_nb.model import (
    Header,
    HeaderOverride,
    Headers,
    HttpRequest,
    HttpTarget,
    Location,
    Operation,
    PullMessage,
    QueryOverride,
    Status,
    Task,
    UriOverride,
)
from cloudtasks_nb.model.json import decode, encode
from cloudtasks_nb.redact import _HINTS
from cloudtasks_nb.render import html, text
from tests.scripted import answer, scripted

QUEUE = "projects/p/locations/us-central1/queues/emails"
HIDDEN = "hunter2-of-ada"
PACKED = base64.b64encode(json.dumps({"password": HIDDEN}).encode()).decode()
NAMED: dict[str, Any] = {
    "Authorization": f"Bearer {HIDDEN}",
    "Cookie": f"sid={HIDDEN}",
    "X-Api-Key": HIDDEN,
    "Accept": "*/*",
}
REQUEST = HttpRequest(
    url=f"https://ada:{HIDDEN}@example.com/send?access_token={HIDDEN}&n=1",
    headers=NAMED,
    body=json.dumps({"to": "ada", "password": HIDDEN}).encode(),
)
TARGET = HttpTarget(
    uri_override=UriOverride(query_override=QueryOverride(query_params=f"token={HIDDEN}&n=1")),
    header_overrides=[HeaderOverride(header=Header(key="X-Api-Key", value=HIDDEN))],
)
SAID: dict[str, Any] = {
    "metadata": {"password": HIDDEN, "list": [f"Bearer {HIDDEN}", {"body": PACKED}]},
    "header": {"key": "X-Api-Key", "value": HIDDEN},
    "pair": {"name": "Cookie", "value": HIDDEN},
}
RECEIVED = Received(
    number=1,
    received=pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime(),
    method="POST",
    path="/send",
    query=f"access_token={HIDDEN}",
    headers=Headers(NAMED),
    payload=REQUEST.body or b"",
    error=ValueError(f"password={HIDDEN}"),
)
HANDED_OUT: dict[str, Any] = {
    "request": REQUEST,
    "headers": REQUEST.headers,
    "copy": REQUEST.headers.copy(),
    "merged": REQUEST.headers | {"X-Team": "mail"},
    "deep copy": copy.deepcopy(REQUEST.headers),
    "pull message": PullMessage(payload=f"user=ada&password={HIDDEN}".encode()),
    "long payload": PullMessage(payload=REQUEST.body[:-1] + b', "more": "' + b"x" * 2_000),  # type: ignore[index]
    "target": TARGET,
    "status": Status(code=3, message=f"Bearer {HIDDEN}", details=[SAID]),
    "location": Location(name="l", metadata=SAID),
    "metadata": Location(name="l", metadata=SAID).metadata,
    "operation": Operation(name="o", metadata=SAID, response=SAID).response,
    "details": ct.NotFound("no", details=[SAID]).details,
    "answer": discreet({"tasks": [SAID], "nested": [[{"x": SAID}]]}),
    "array": discreet({"tasks": [f"Bearer {HIDDEN}"]})["tasks"],
    "problems": ct.InvalidRows([(1, f"url 'https://ada:{HIDDEN}@x' is none")]),
    "inbox answer": HttpAnswer(200, f"token={HIDDEN}".encode(), {"Set-Cookie": HIDDEN}),
    "received": RECEIVED,
}


def _rich(value: Any) -> str:
    own = getattr(type(value), "__rich_repr__", None)
    return repr(own(value)) if own is not None else repr(value)


WAYS: dict[str, Callable[[Any], str]] = {
    "repr": repr,
    "str": str,
    "f-string": lambda value: f"{value} {value!r} {[value]}",
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031
    "pprint": pformat,
    "pprint of a list": lambda value: pformat([{"a": value}]),
    "IPython": lambda value: pretty([value, {"a": value}]),
    "rich": _rich,
    "pandas": lambda value: pd.DataFrame({"a": [value]}).to_string(),
    "pandas' html": lambda value: pd.DataFrame({"a": [value]}).to_html(),
    "a series": lambda value: repr(pd.Series([value])),
    "log": lambda value: logging.LogRecord("n", 1, "p", 1, "%s", ([value],), None).getMessage(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", HANDED_OUT)
def test_no_repr_holds_a_secret(name: str, way: str) -> None:
    written = WAYS[way](HANDED_OUT[name])
    assert HIDDEN not in written
    assert PACKED not in written
    assert written


def test_show_secrets_is_for_cards_and_not_for_reprs() -> None:
    ct.show_secrets()
    try:
        assert HIDDEN in str(REQUEST)
        assert HIDDEN not in repr(REQUEST)
        assert HIDDEN not in repr(REQUEST.headers)
    finally:
        ct.show_secrets(False)


def test_a_repr_tells_what_is_no_secret() -> None:
    assert repr(HttpRequest(url="https://example.com", http_method="PUT", body=b"hi")) == (
        "HttpRequest(url='https://example.com', http_method='PUT', body=b'hi')"
    )
    assert repr(PullMessage(payload=b"\xff\x00\xfe" * 9)) == "PullMessage(payload=<27 bytes>)"
    assert repr(TARGET.header_overrides) == ("[HeaderOverride(header=Header(key='X-Api-Key', value='•••'))]")


def test_what_hides_in_reprs_is_a_dict_for_everybody_else() -> None:
    held = discreet(json.loads(json.dumps(SAID)))
    assert held == SAID
    assert isinstance(held, JsonObject)
    assert isinstance(held["metadata"]["list"], JsonArray)
    assert pickle.loads(pickle.dumps(held)) == SAID  # noqa: S301
    assert json.loads(json.dumps(held)) == SAID
    assert json.loads(encode(held)) == SAID
    assert msgspec.convert(held, dict[str, Any]) == SAID
    assert pd.DataFrame([held]).loc[0, "header"] == SAID["header"]
    assert pd.json_normalize(held).loc[0, "header.value"] == HIDDEN


def test_json_that_is_nested_deep_has_a_repr_all_the_same() -> None:
    deep: Any = {"password": HIDDEN}
    for _ in range(700):
        deep = {"a": [deep]}
    assert "…" in repr(discreet(deep))
    assert "…" in repr(Location(name="l", metadata=deep).metadata)


def test_what_client_api_answers_hides_too() -> None:
    task = {"name": f"{QUEUE}/tasks/1", "httpRequest": {"url": f"https://x?key={HIDDEN}", "headers": NAMED}}
    with scripted(answer(200, {"tasks": [task]})) as server:
        client = ct.connect("p", "us-central1", endpoint=server.url)
        found = client.api.projects.locations.queues.tasks.list(parent=QUEUE)
        client.close()
    assert found == {"tasks": [task]}
    for part in (found, found["tasks"], found["tasks"][0], found["tasks"][0]["httpRequest"]):
        assert HIDDEN not in repr(part)
        assert HIDDEN not in pd.DataFrame({"a": [part]}).to_string()


def test_a_preview_hides_members_of_json() -> None:
    task = decode(b'{"name": "%s/tasks/1", "view": "FULL"}' % QUEUE.encode(), Task)
    task.http_request = HttpRequest(url="https://x", body=json.dumps({"session_id": HIDDEN}).encode())
    for written in (text(task), html(task), repr(task), repr(task.http_request)):
        assert HIDDEN not in written


# Tracebacks that show variables

TOKEN, KEY, CLIENT_SECRET = "ya29.token-of-ada", "AIza-key-of-ada", "client-secret-of-ada"
REFRESH, CODE, PRIVATE = "1//0refresh-of-ada-and-nobody-else", "4/0code-of-ada", "private-key-of-ada"
SECRETS = (TOKEN, KEY, CLIENT_SECRET, REFRESH, CODE, PRIVATE)
PERSON = {
    "type": "authorized_user",
    "client_id": "c",
    "client_secret": CLIENT_SECRET,
    "refresh_token": REFRESH,
}
ACCOUNT = {
    "type": "service_account",
    "client_email": "bot@p.iam.gserviceaccount.com",
    "private_key": f"-----BEGIN PRIVATE KEY-----\n{PRIVATE}\n-----END PRIVATE KEY-----\n",
    "token_uri": "https://oauth2.googleapis.com/token",
}
NOWHERE = "http://127.0.0.1:1"


def _queue(**options: Any) -> Any:
    return ct.connect("p", "us-central1", timeout=0.3, **options).queue("emails")


def _asked() -> ct.oauth.Authorization:
    return ct.oauth.authorization_url("c", "http://localhost:8085/", token_uri=f"{NOWHERE}/token")


def _came_back(asked: ct.oauth.Authorization, state: str | None = None) -> str:
    return f"http://localhost:8085/?state={asked.state if state is None else state}&code={CODE}"


def _code(**options: Any) -> Any:
    asked = _asked()
    return asked.exchange(_came_back(asked, **options), CLIENT_SECRET)


def _refused() -> Any:
    with scripted(answer(400, {"error": "invalid_grant", "error_description": f"bad {REFRESH}"})) as server:
        return ct.oauth.refresh(
            REFRESH, client_id="c", client_secret=CLIENT_SECRET, token_uri=f"{server.url}/token"
        )


def _no_json(body: Any) -> Any:
    with scripted(answer(200, body)) as server:
        return _queue(endpoint=server.url, access_token=TOKEN)


SENT = {"Authorization": f"Bearer {TOKEN}"}
ROWS: list[dict[str, Any]] = [
    {"payload": {"password": TOKEN}, "url": f"https://x.example/?token={KEY}", "headers": SENT}
]


def _nowhere() -> ct.Queue:
    client = ct.connect("p", "us-central1", endpoint=NOWHERE, timeout=0.3, retry=ct.Retry(max_tries=1))
    return client.queue("emails", read=False, kind="http")


STAGES: dict[str, Callable[[], Any]] = {
    "two of them": lambda: ct.connect("p", access_token=TOKEN, api_key=KEY),
    "no header": lambda: ct.connect("p", access_token=f"{TOKEN}\n{TOKEN}"),
    "no key": lambda: ct.connect("p", api_key=f"{KEY}\n" + KEY),
    "a dict without a type": lambda: ct.connect("p", credentials={"refresh_token": REFRESH, "x": [TOKEN]}),
    "a text that is not a path": lambda: ct.connect("p", credentials=f'{{"refresh_token": "{REFRESH}"}}'),
    "a broken key": lambda: ct.connect("p", credentials=ACCOUNT),
    "in the clear": lambda: ct.connect("p", endpoint="http://example.com", access_token=TOKEN),
    "not reached": lambda: _queue(endpoint=NOWHERE, access_token=TOKEN),
    "not reached with a key": lambda: _queue(endpoint=NOWHERE, api_key=KEY),
    "a person": lambda: _queue(endpoint=NOWHERE, credentials={**PERSON, "token_uri": f"{NOWHERE}/token"}),
    "an answer that is none": lambda: _no_json(b"<html>"),
    "an answer of another kind": lambda: _no_json({"name": 5, "password": KEY}),
    "a parameter": lambda: ct.connect("p", "l", endpoint=NOWHERE, timeout=0.3).api.projects.locations.list(
        name="projects/p", access_token=TOKEN, key=KEY
    ),
    "a misspelt parameter": lambda: ct.connect("p", "l", endpoint=NOWHERE).api.projects.locations.list(
        name="projects/p", acess_token=TOKEN
    ),
    "a code": _code,
    "another state": lambda: _code(state="other"),
    "a blank client": lambda: ct.oauth.exchange_code(
        CODE, client_id="", client_secret=CLIENT_SECRET, redirect_uri="http://localhost/"
    ),
    "a refresh token": lambda: ct.oauth.refresh(
        REFRESH, client_id="c", client_secret=CLIENT_SECRET, token_uri=f"{NOWHERE}/token"
    ),
    "a refusal": _refused,
    "bad scopes": lambda: ct.oauth.refresh(REFRESH, client_id="c", client_secret=CLIENT_SECRET, scopes=5),  # type: ignore[arg-type]
    "a token": lambda: ct.oauth.Token(
        access_token=TOKEN, refresh_token=REFRESH, client_secret=CLIENT_SECRET, token_uri="http://a.example/t"
    ).credentials(),
    "a task": lambda: _nowhere().create_task(
        {"password": TOKEN}, url=f"https://u:{KEY}@x.example/", headers=SENT
    ),
    "a task with a typo": lambda: _nowhere().create_task({"password": TOKEN}, headers=SENT, schedul=1),
    "tasks": lambda: _nowhere().create_tasks(ROWS, headers=SENT).raise_for_errors(),
    "a row with a typo": lambda: _nowhere().create_tasks([{**ROWS[0], "schedul": 1}]),
    "a batch": lambda: _nowhere().batch_create(ROWS),
    "a payload alone": lambda: _nowhere().buffer({"password": TOKEN}),
    "a queue": lambda: _nowhere().update(
        http_target={"header_overrides": [{"header": {"key": "Authorization", "value": TOKEN}}]}
    ),
    "a user in an endpoint": lambda: ct.connect("p", endpoint=f"http://u:{KEY}@127.0.0.1:1"),
    "sign in": lambda: ct.oauth.sign_in(
        {"installed": {"client_id": "c", "client_secret": CLIENT_SECRET, "auth_uri": "nowhere"}}
    ),
}


def _shown(error: BaseException) -> str:
    """The variables of this package's own frames, as IPython's verbose traceback and rich's locals show them."""
    verbose = VerboseTB(theme_name="nocolor", include_vars=True)
    lines: list[str] = []
    held: BaseException | None = error
    while held is not None:
        trace = held.__traceback__
        while trace is not None:
            if "/cloudtasks_nb/" in trace.tb_frame.f_code.co_filename:
                for value in trace.tb_frame.f_locals.values():
                    lines += [repr(value), repr(value[:80]) if isinstance(value, str | bytes) else ""]
                    lines.append(_rich(value))
            trace = trace.tb_next
        held = held.__cause__ or (None if held.__suppress_context__ else held.__context__)
    blocks = verbose.text(type(error), error, error.__traceback__).split("\nFile ")
    return "\n".join(
        line.partition("\n")[2] for line in blocks if "/cloudtasks_nb/" in line.partition("\n")[0]
    ) + "\n".join(lines)


@pytest.mark.parametrize("stage", STAGES)
def test_no_variable_of_ours_shows_a_secret(stage: str) -> None:
    with pytest.raises(ct.CloudTasksError) as caught:
        STAGES[stage]()
    shown = _shown(caught.value)
    assert shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_no_variable_shows_a_secret_when_a_call_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    client = ct.connect("p", "us-central1", endpoint=NOWHERE, access_token=TOKEN)
    monkeypatch.setattr("cloudtasks_nb.rest.connections.Connections.open", interrupt)
    for call in (
        lambda: client.queue("emails"),
        lambda: ct.oauth.refresh(
            REFRESH, client_id="c", client_secret=CLIENT_SECRET, token_uri=f"{NOWHERE}/token"
        ),
        _code,
    ):
        with pytest.raises(KeyboardInterrupt) as caught:
            call()
        shown = _shown(caught.value)
        assert shown
        assert [secret for secret in SECRETS if secret in shown] == []


def test_a_secret_is_the_text_itself() -> None:
    held = Secret("abc")
    assert held == "abc"
    assert f"Bearer {held}" == "Bearer abc"
    assert repr(held[:2]) == repr(held.strip()) == "'•••'"


def test_the_rarest_letter_of_each_hint_is_part_of_it() -> None:
    assert [hint for rare, hint in _HINTS if rare not in hint] == []


def test_the_views_of_headers_and_a_dict_merged_with_them_hide_secrets() -> None:
    headers = REQUEST.headers
    for shown in (headers.items(), headers.values(), {"X": "1"} | headers, headers | {"X": "1"}):
        assert HIDDEN not in repr(shown)
        assert "*/*" in repr(shown)
    assert dict(headers.items()) == dict(zip(headers, headers.values(), strict=True)) == NAMED
    assert ("Accept", "*/*") in headers.items()
