"""Text from the service cannot leave its element, hide, reorder other text, or reveal secrets."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from time import process_time

import pytest

from cloudtasks_nb import render
from cloudtasks_nb.errors import ApiError, AuthError
from cloudtasks_nb.model import HttpRequest, HttpTarget, Location, Operation, Queue, Task
from cloudtasks_nb.model.target import Header, HeaderOverride
from cloudtasks_nb.redact import is_secret, redacted, scrub
from cloudtasks_nb.visible import visible, visible_lines
from tests.hostile import ATTACKS

from .conftest import NOW, QUEUE, Everything

ALLOWED = {
    "div", "style", "table", "caption", "thead", "tbody", "tr", "th", "td", "b", "span", "code", "details",
    "summary", "pre", "img", "ul", "li",
}  # fmt: skip


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str | None]] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_from_the_service_becomes_markup(
    attack: str, everything: Callable[[str], Everything]
) -> None:
    for name, obj in everything(attack).items():
        html = render.html(obj, NOW)
        found = Elements(html)
        assert found.tags <= ALLOWED, name
        assert found.attributes.keys() <= {"class", "style", "title", "scope", "open", "src", "alt"}, name
        assert all((value or "").startswith("data:image/") for value in found.attributes.get("src", ())), name
        assert not any("url(" in (value or "") for value in found.attributes["style"]), name
        ET.fromstring(html)  # noqa: S314 (our own markup: well-formed, so that nothing can be left open)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_hides_in_html_or_text(attack: str, everything: Callable[[str], Everything]) -> None:
    for name, obj in everything(attack).items():
        for shown in (render.html(obj, NOW), render.text(obj, NOW)):
            assert not re.search(
                "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", shown
            ), name


def test_hidden_characters_are_spelled_out() -> None:
    assert visible("a\x1b[0m\x7f\n") == "a␛[0m␡␊"
    assert visible("\u202egpj.exe") == "⟨U+202E⟩gpj.exe"
    assert visible("\ud800").encode() == "⟨U+D800⟩".encode()
    assert visible_lines("a\n\tb\r") == "a\n\tb␍"


def test_marks_do_not_pile_up_over_the_lines_around() -> None:
    assert visible("Z" + "\u0301" * 30 + "x") == "Z" + "\u0301" * 4 + "⟨+26 marks⟩x"
    assert visible("ệ e\u0302\u0323 ก็ש\u05c1\u05b8") == "ệ e\u0302\u0323 ก็ש\u05c1\u05b8"


def test_joiners_that_emoji_and_scripts_need_are_kept() -> None:
    assert visible("👩‍💻 می‌خواهم") == "👩‍💻 می‌خواهم"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "x-apikey", "api_key", "apiKey",
        "X-Auth-Token", "X-Csrf-Token", "client_secret", "clientSecret", "password", "DB_PASSWORD", "privateKey",
        "X-CSRF", "xsrf", "X-Session", "Authentication", "WWW-Authenticate", "X-Pass", "hmac", "otp", "pin",
        "X-Hub-Signature-256", "access_token", "key", "sig", "passphrase", "X-Goog-Iam-Authority-Selector",
    ],
)  # fmt: skip
def test_names_that_carry_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "Content-Type",
        "User-Agent",
        "pageToken",
        "oidc_token",
        "kms_key",
        "keyboard",
        "X-Trace",
        "etag",
        "author",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not is_secret(name)


SECRET = "s3cr3t-Value-42"


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {SECRET}",
        f"refused: Authorization: Bearer {SECRET}, sorry",
        f"https://ada:{SECRET}@example.com/x",
        f"https://example.com/x?a=1&token={SECRET}#top",
        f"ya29.{SECRET}",
        f"AIza{SECRET * 3}",
        f"1//0{SECRET * 2}",
        f"GOCSPX-{SECRET * 2}",
        f"eyJhbGciOiJSUzI1NiJ9.eyJz{SECRET}.{SECRET}",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        f'{{"access_token": "{SECRET}"}}',
    ],
)
def test_secrets_are_recognised_anywhere(text: str) -> None:
    assert SECRET not in scrub(text)
    for obj in (
        AuthError(text, hint=text),
        ApiError(text, details=[{"note": text}], resource=text, hint=text),
        Location(labels={"a": text}, metadata={"b": [text]}),
        Task(name=f"{QUEUE}/tasks/1", http_request=HttpRequest(url=text, headers={"X-Note": text})),
        render.task_table(
            [Task(name="t", http_request=HttpRequest(url=text))], caption=text, footer=text, now=NOW
        ),
        render.Card(text, facts={text: text}),
    ):
        assert SECRET not in render.html(obj), obj
        assert SECRET not in render.text(obj), obj


def test_ordinary_text_is_left_alone() -> None:
    for text in (
        "basic information for the bearer",
        "page_token=abc",
        "status code=5",
        "a@b.example",
        "x=1&y=2",
    ):
        assert scrub(text) == text


def test_secrets_are_hidden_by_the_name_that_holds_them() -> None:
    held = {
        "Cookie": SECRET,
        "token": SECRET,
        "deep": [{"client_secret": SECRET, "n": 1}],
        "password": {"v": SECRET},
    }
    assert SECRET not in str(redacted(held))
    headers = {"Authorization": SECRET, "X-Api-Key": SECRET, "X-Session-Id": SECRET, "X-Trace": "seen"}
    override = HeaderOverride(header=Header(key="X-Auth-Token", value=SECRET))
    for obj in (
        Task(http_request=HttpRequest(url=f"https://e.example/?key={SECRET}", headers=headers)),
        HttpRequest(headers=headers),
        Queue(http_target=HttpTarget(header_overrides=[override])),
        Operation(response=held, metadata=held),
        ApiError("no", details=[held]),
    ):
        for shown in (render.html(obj), render.text(obj)):
            assert SECRET not in shown
            assert "•••" in shown


@pytest.mark.parametrize(
    "text", ["eyJ-" * 20_000, "eyJaaaaaaaa-" * 7_000, "=" + "?" * 80_000, "?x=1" + "?" * 80_000]
)
def test_secrets_are_looked_for_in_time_that_grows_with_the_text(text: str) -> None:
    started = process_time()
    scrub(text)
    assert process_time() - started < 2


def test_a_web_token_is_found_wherever_it_begins() -> None:
    token = f"eyJ{'a' * 3000}.{'b' * 40}.{'c' * 40}"
    assert scrub(f"say {token} now") == "say ••• now"
    assert scrub(f"x-eyJ{'a' * 40}.{'b' * 40}") == "x-•••"
