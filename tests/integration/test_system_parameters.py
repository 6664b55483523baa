"""The parameters that every method supports, over real HTTP."""

from __future__ import annotations

import gzip
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

PARENT = "projects/system/locations/us-central1"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.trust_env = False
        made.headers["User-Agent"] = "tests"
        yield made


@pytest.fixture
def queue(session: requests.Session, emulator: str) -> str:
    """URL of a new queue with two tasks."""
    name = f"{PARENT}/queues/q-{uuid.uuid4().hex}"
    session.post(f"{emulator}/v2beta2/{PARENT}/queues", json={"name": name}).raise_for_status()
    for _ in range(2):
        task = {"httpRequest": {"url": "https://example.com", "httpMethod": "PUT"}}
        session.post(f"{emulator}/v2beta2/{name}/tasks", json={"task": task}).raise_for_status()
    return f"{emulator}/v2beta2/{name}"


def refused(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 400
    return dict(answer.json()["error"])


def unwrapped(answer: requests.Response, function: str) -> Any:
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/javascript; charset=UTF-8")
    assert answer.text.startswith(f"// API callback\n{function}(")
    assert answer.text.endswith(");")
    return json.loads(answer.text.partition("(")[2].removesuffix(");"))


@pytest.mark.parametrize("where", ["fields", "$fields", "X-Goog-FieldMask"])
def test_fields_choose_what_is_sent(session: requests.Session, queue: str, where: str) -> None:
    text = "tasks(name,httpRequest/url)"
    sent = {"headers": {where: text}} if where.startswith("X-") else {"params": {where: text}}
    tasks = session.get(f"{queue}/tasks", **sent).json()["tasks"]  # type: ignore[arg-type]
    assert [set(task) for task in tasks] == [{"name", "httpRequest"}] * 2
    assert tasks[0]["httpRequest"] == {"url": "https://example.com"}


def test_a_bad_selection_is_refused_before_anything_happens(session: requests.Session, queue: str) -> None:
    answer = session.post(f"{queue}:pause?fields=state,colour", json={})
    assert refused(answer)["details"][0]["fieldViolations"][0]["field"] == "colour"
    assert session.get(queue).json()["state"] == "RUNNING"


def test_the_first_repeat_counts_but_of_the_error_format_the_last(
    session: requests.Session, queue: str
) -> None:
    answer = session.get(f"{queue}?fields=state&fields=colour&prettyPrint=false&prettyPrint=true")
    assert answer.text == '{"state":"RUNNING"}'
    assert "errors" in session.get(f"{queue}0?$.xgafv=2&$.xgafv=1").json()["error"]
    assert "errors" not in session.get(f"{queue}0?$.xgafv=1&$.xgafv=2").json()["error"]


@pytest.mark.parametrize("value", ["3", "", "01", "x"])
def test_error_formats_that_are_none(session: requests.Session, queue: str, value: str) -> None:
    assert refused(session.get(f"{queue}?$.xgafv={value}"))["message"] == (
        f"Invalid query parameters. Invalid value '{value}' for system query parameter : $.xgafv"
    )


@pytest.mark.parametrize(
    ("ask", "entry"),
    [
        (("GET", "0", None), {"domain": "global", "reason": "notFound"}),
        (("GET", "?pageSize=x", None), {"reason": "invalid"}),
        (("POST", "/tasks", "{"), {"domain": "global", "reason": "parseError"}),
        (("POST", "/tasks", '{"x":1}'), {"reason": "invalid"}),
        (("POST", "/tasks", "{}"), {"domain": "global", "reason": "badRequest"}),
        (("GET", "/tasks?pageToken=x", None), {"domain": "global", "reason": "badRequest"}),
    ],
)
def test_legacy_errors(session: requests.Session, queue: str, ask: Any, entry: dict[str, str]) -> None:
    verb, path, body = ask
    error = session.request(verb, queue + path, params={"$.xgafv": "1"}, data=body).json()["error"]
    assert error["errors"] == [{"message": error["message"], **entry}]
    assert list(error)[:4] == ["code", "message", "errors", "status"]


def test_a_script_is_called_whatever_is_answered(session: requests.Session, queue: str) -> None:
    assert unwrapped(session.get(f"{queue}?callback=cb.a[0]&fields=state"), "cb.a[0]") == {"state": "RUNNING"}
    assert unwrapped(session.get(f"{queue}0?callback=cb"), "cb")["error"]["code"] == 404
    answer = session.get(f"{queue}?callback=a b<")
    assert unwrapped(answer, "a b\\u003c")["error"]["message"] == (
        "Invalid JSONP callback name: 'a b<'; only alphabet, number, '_', '$', '.', '[' and ']' are allowed."
    )
    first = unwrapped(session.get(f"{queue}?callback=a b&$.xgafv=9"), "a b")["error"]["message"]
    assert first.startswith("Invalid query parameters.")


def test_no_script_is_called_for_a_post_or_another_format(session: requests.Session, queue: str) -> None:
    assert session.post(f"{queue}:pause?callback=a b", json={}).json()["state"] == "PAUSED"
    assert session.get(f"{queue}?callback=").json()["state"] == "PAUSED"
    override = {"X-HTTP-Method-Override": "GET"}
    assert session.post(f"{queue}?callback=a b", headers=override).json()["state"] == "PAUSED"
    assert refused(session.get(f"{queue}?callback=cb&alt=media"))["message"] == (
        'Unsupported alt type "media" for non byte stream request.'
    )


@pytest.mark.parametrize(
    ("alt", "message"),
    [
        ("MEDIA", 'Unsupported alt type "media" for non byte stream request.'),
        ("proto", 'Unsupported alt type "proto" for non byte stream request.'),
        ("ZZZ", "Invalid value \"ZZZ\" for query parameter 'alt'"),
        ("json;x=1", "Invalid value \"json;x=1\" for query parameter 'alt'"),
    ],
)
def test_formats_that_are_refused(session: requests.Session, queue: str, alt: str, message: str) -> None:
    assert refused(session.get(queue, params={"alt": alt}))["message"] == message


@pytest.mark.parametrize("alt", ["JSON", "", "json"])
def test_json_is_the_format(session: requests.Session, queue: str, alt: str) -> None:
    assert session.get(queue, params={"$alt": alt}).json()["state"] == "RUNNING"


def test_enums_as_numbers(session: requests.Session, queue: str) -> None:
    numbers = {"$alt": "json;enum-encoding=int"}
    assert session.get(queue, params=numbers).json()["state"] == 1
    task = session.get(f"{queue}/tasks", params=numbers).json()["tasks"][0]
    assert (task["view"], task["httpRequest"]["httpMethod"]) == (1, 4)
    batch = {"requests": [{"task": {"httpRequest": {"url": "https://example.com"}}}, {}]}
    operation = session.post(f"{queue}/tasks:batchCreate", params=numbers, json=batch).json()
    assert operation["metadata"]["state"] == 5
    assert operation["response"]["tasks"][0]["httpRequest"]["httpMethod"] == 1


def test_who_a_call_is_counted_for_has_a_bounded_name(session: requests.Session, queue: str) -> None:
    assert session.get(f"{queue}?quotaUser={'u' * 40}").status_code == 200
    assert "40" in refused(session.get(f"{queue}?quotaUser={'u' * 41}"))["message"]
    assert "40" in refused(session.get(queue, headers={"X-Goog-Quota-User": "u" * 41}))["message"]


def test_an_upload_type_is_no_parameter_here(session: requests.Session, queue: str) -> None:
    assert (
        'Unknown name "uploadType": Cannot bind query parameter.'
        in (refused(session.get(f"{queue}?uploadType=media"))["message"])
    )
    assert session.get(f"{queue}?upload_protocol=raw").status_code == 200


def test_a_query_without_end_is_refused(session: requests.Session, queue: str) -> None:
    body = "&".join(["a=1"] * 2000)
    headers = {"X-HTTP-Method-Override": "GET", "Content-Type": "application/x-www-form-urlencoded"}
    assert "parameters" in refused(session.post(queue, data=body, headers=headers))["message"]


def test_answers_are_packed_for_those_who_say_so_twice(session: requests.Session, queue: str) -> None:
    for _ in range(5):
        task = {"httpRequest": {"url": f"https://example.com/{'x' * 300}"}}
        session.post(f"{queue}/tasks", json={"task": task})
    plain = session.get(f"{queue}/tasks", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    packed = session.get(f"{queue}/tasks", headers={"Accept-Encoding": "gzip", "User-Agent": "me (gzip)"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()
    for accepted, encoding in (("br, gzip;q=0.5", "gzip"), ("gzip;q=0", None), ("gzip;q=0.0, br", None)):
        asked = {"Accept-Encoding": accepted, "User-Agent": "me (gzip)"}
        assert session.get(f"{queue}/tasks", headers=asked).headers.get("Content-Encoding") == encoding


def test_packed_bodies_are_read_up_to_a_bound(session: requests.Session, queue: str) -> None:
    task = json.dumps({"task": {"httpRequest": {"url": "https://example.com"}}}).encode()
    packed = {"Content-Encoding": "gzip"}
    assert session.post(f"{queue}/tasks", data=gzip.compress(task), headers=packed).status_code == 200
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    assert len(bomb) < 100_000
    assert session.post(f"{queue}/tasks", data=bomb, headers=packed).status_code == 413
    assert session.post(f"{queue}/tasks", data=b"not gzip", headers=packed).status_code == 400


def test_rates_are_written_as_proto_json_writes_them(session: requests.Session, queue: str) -> None:
    assert '"maxTasksDispatchedPerSecond": 500,' in session.get(queue).text
    session.patch(queue, json={"rateLimits": {"maxTasksDispatchedPerSecond": 0.5}}).raise_for_status()
    assert '"maxTasksDispatchedPerSecond": 0.5,' in session.get(queue).text


def test_signs_that_a_browser_could_act_on_are_escaped(session: requests.Session, queue: str) -> None:
    task = {"httpRequest": {"url": "https://example.com/<\u2028\u200b\U000e0001é&'"}}
    answer = session.post(f"{queue}/tasks", json={"task": task})
    assert re.search(r'"url": "(.*)"', answer.text)[1] == (  # type: ignore[index]
        "https://example.com/\\u003c\\u2028\\u200b\\udb40\\udc01é&'"
    )
    assert answer.json()["httpRequest"]["url"] == task["httpRequest"]["url"]


def test_pages_elsewhere_cannot_read_through_a_script(session: requests.Session, queue: str) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
    for site in ("cross-site", "same-site"):  # another port of this machine counts as the same site
        elsewhere["Sec-Fetch-Site"] = site
        assert session.get(f"{queue}?callback=steal", headers=elsewhere).status_code == 403
    assert session.get(queue, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
