"""Payloads: packed data is unpacked, within limits, and secrets stay hidden in all forms."""

from __future__ import annotations

import gzip
import json
import struct
import xml.etree.ElementTree as ET
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb import render
from cloudtasks_nb.model import HttpRequest, PullMessage, Task
from cloudtasks_nb.redact import scrub, scrub_lines
from cloudtasks_nb.render import Image, Json
from cloudtasks_nb.render.packed import base64_bytes, image_size
from cloudtasks_nb.render.payload import BYTES_INFLATED, payload_sections, preview, raw_text
from tests.specimens import png

from .conftest import NOW, QUEUE

SECRET = "s3cr3t-Value-42"


def json_text(section: render.Section) -> str:
    assert isinstance(section.body, Json)
    return section.body.text


def task(payload: bytes) -> Task:
    return Task(name=f"{QUEUE}/tasks/t", pull_message=PullMessage(payload=payload), view="FULL")


@pytest.fixture
def secrets_shown() -> Iterator[None]:
    ct.show_secrets()
    yield
    ct.show_secrets(False)


def test_json_is_folded_level_by_level_and_coloured_by_class() -> None:
    html = render.html(task(b'{"to": "ada", "n": 1, "deep": {"ok": true}}'))
    assert html.count("<details") == 3  # the payload, the object, the object within
    assert (
        '<span class="ctnb-key">&#34;to&#34;</span>: <span class="ctnb-string">&#34;ada&#34;</span>,' in html
    )
    assert '<span class="ctnb-number">1</span>' in html
    assert '<span class="ctnb-word">true</span>' in html
    assert "… 3 keys" in html


def test_shown_json_is_json_again() -> None:
    value = {"a": [1, 2.5, None, {"b": {}}, []], "é": 'x\n"y"', "t": True}
    assert json.loads(json_text(payload_sections(json.dumps(value).encode())[0])) == value


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(SCALARS, lambda held: st.lists(held) | st.dictionaries(st.text(), held), max_leaves=20)


@given(VALUES)
def test_any_json_is_shown_as_markup_that_is_whole(value: object) -> None:
    payload = json.dumps({"value": value}).encode()
    ET.fromstring(render.html(task(payload), NOW))  # noqa: S314 - our own markup
    assert render.text(task(payload), NOW)


@given(
    st.binary(max_size=600)
    | st.binary(max_size=200).map(gzip.compress)
    | st.text(max_size=300).map(str.encode)
)
def test_any_bytes_are_shown_as_markup_that_is_whole(payload: bytes) -> None:
    ET.fromstring(render.html(task(payload), NOW))  # noqa: S314 - our own markup
    assert render.text(task(payload), NOW)
    assert "\n" not in preview(payload)


def test_the_beginning_of_a_large_document_is_open_and_the_rest_counted() -> None:
    rows = [{"id": number, "tags": ["a", "b"]} for number in range(2_000)]
    section = payload_sections(json.dumps({"rows": rows}).encode())[0]
    assert section.summary.endswith(", cut")
    assert "more items" in json_text(section)
    html = render.html(task(json.dumps({"rows": rows}).encode()))
    assert len(html.encode()) < 100_000


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 900 + b"]" * 900,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        json.dumps({f"key {n}": "v" * 50 for n in range(20_000)}).encode(),
        json.dumps({"k" * 500_000: "v" * 500_000}).encode(),
        json.dumps(["<" * 100] * 10_000).encode(),
        b'"' + b"&" * 1_000_000 + b'"',
        b"1" * 1_000_000,
        b"[1" + b"0" * 1_000_000 + b"]",
        b"\n" * 1_000_000,
        gzip.compress(b"\0" * 50_000_000),
        gzip.compress(json.dumps(["x" * 999] * 9_000).encode()),
        json.dumps({"data": b64encode(b"<" * 900_000).decode()}).encode(),
    ],
    ids=range(12),
)
def test_whatever_a_payload_holds_its_card_stays_small(payload: bytes) -> None:
    assert len(render.html(task(payload), NOW).encode()) < 150_000
    assert len(render.text(task(payload), NOW)) < 150_000


def test_ten_thousand_headers_are_cut_and_counted() -> None:
    many = Task(http_request=HttpRequest(headers={f"X-{n}": "v" * 300 for n in range(10_000)}))
    html = render.html(many, NOW)
    assert "10,000 headers" in html
    assert "9,950 more rows" in html
    assert len(html.encode()) < 60_000


def test_gzip_is_inflated() -> None:
    data = gzip.compress(b'{"to": "ada"}')
    (section,) = payload_sections(data)
    assert section.summary == f"payload: gzip of {len(data)} B, inside: JSON, 13 B"
    assert json.loads(json_text(section)) == {"to": "ada"}
    assert preview(data) == f"gzip {len(data)} B"


def test_gzip_within_gzip_ends_somewhere() -> None:
    data = b"x"
    for _ in range(9):
        data = gzip.compress(data)
    (section,) = payload_sections(data)
    assert section.summary.count("gzip of") == 3


def test_broken_gzip_is_binary() -> None:
    assert payload_sections(b"\x1f\x8b\x08" + b"\xff" * 30)[0].summary == "payload: binary, 33 B"


def test_a_bomb_is_inflated_only_so_far() -> None:
    (section,) = payload_sections(gzip.compress(b"a" * 50_000_000))
    assert f"inside (beginning): text, {BYTES_INFLATED // 1_000_000} MB" in section.summary


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_base64_within_json_is_decoded_below(encode: object) -> None:
    inner = {"to": "ada", "note": "ÿÿÿ???>>>"}
    data = encode(json.dumps(inner, ensure_ascii=False).encode()).decode()  # type: ignore[operator]
    outer, decoded = payload_sections(json.dumps({"message": {"data": data}}).encode())
    assert "decoded below" in json_text(outer)
    assert decoded.summary.startswith("payload.message.data: JSON, ")
    assert json.loads(json_text(decoded)) == inner


@pytest.mark.parametrize(
    "text",
    [
        "us-central1-docker", "550e8400-e29b-41d4-a716-446655440000", "abcdefghijklmnopqrstuvwxyz", "a" * 64, "short",
        "0123456789abcdef0123456789abcdef", "hello, world, this is text", "====================", "",
    ],
)  # fmt: skip
def test_words_and_ids_are_no_base64(text: str) -> None:
    assert base64_bytes(text) is None


def test_a_picture_within_base64_within_json_within_gzip_is_shown() -> None:
    data = gzip.compress(json.dumps({"photo": b64encode(png()).decode()}).encode())
    _, photo = payload_sections(data)
    assert isinstance(photo.body, Image)
    assert photo.summary.startswith("payload.photo: image/png, ")
    assert photo.summary.endswith(", 96 × 48 pixels")


def test_the_size_that_a_picture_claims() -> None:
    frame = b"\xff\xd8\xff\xe0\x00\x02\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 40)
    lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + (39 | 29 << 14).to_bytes(4, "little") + b"\0" * 9
    extended = (
        b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + (39).to_bytes(3, "little") + (29).to_bytes(3, "little")
    )
    lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 40, 30)
    for picture in (png(40, 30), b"GIF89a" + struct.pack("<HH", 40, 30), frame, lossless, extended, lossy):
        assert image_size(picture) == (40, 30), picture[:12]
    assert image_size(b"\xff\xd8\xff") is None


def test_a_picture_that_would_fill_the_memory_is_not_shown() -> None:
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 60_000, 60_000) + b"\x08\x02\0\0\0"
    section = payload_sections(bomb)[0]
    assert section.summary.endswith("60,000 × 60,000 pixels, too large to show")
    assert isinstance(section.body, str)


HOLDING = [
    json.dumps({"password": SECRET}).encode(),
    json.dumps({"deep": [{"client_secret": SECRET, "x": {"tokens": [SECRET]}}]}).encode(),
    json.dumps({"note": f"Bearer {SECRET}", f"ya29.{SECRET}": 1}).encode(),
    f"user=ada&password={SECRET}&x=1".encode(),
    f"token={SECRET}".encode(),
    f"Host: example.com\nAuthorization: {SECRET}\nCookie: a={SECRET}".encode(),
    f"export-mode: full\nDB_PASSWORD={SECRET}".encode(),
    f'{{"password": "{SECRET}", broken'.encode(),
    gzip.compress(json.dumps({"api_key": SECRET}).encode()),
    json.dumps({"data": b64encode(json.dumps({"password": SECRET}).encode()).decode()}).encode(),
    b"x" * 7_990 + f" Bearer {SECRET}".encode() + b" y" * 9_000,
]


@pytest.mark.parametrize("payload", HOLDING, ids=range(len(HOLDING)))
def test_secrets_in_payloads_are_hidden(payload: bytes) -> None:
    table = render.task_table([task(payload)], caption="tasks", now=NOW)
    for seen in (
        render.html(task(payload)),
        render.text(task(payload)),
        render.html(table),
        render.text(table),
    ):
        assert SECRET not in seen
        assert b64encode(SECRET.encode()).decode()[:16] not in seen
    assert SECRET not in (raw_text(payload) or "")


def test_numbers_under_brief_names_are_no_secrets() -> None:
    text = json_text(payload_sections(b'{"code": 404, "key": 7, "password": 1234, "ok": true}')[0])
    assert json.loads(text) == {"code": 404, "key": 7, "password": "•••", "ok": True}


def test_lines_that_only_look_like_settings_are_left_alone() -> None:
    for text in ("a: b\nc = d", "x=1&y=2", "Dear Ada,\nthe key is under the mat", "page_token=abc"):
        assert scrub_lines(text) == text


def test_one_switch_shows_secrets(secrets_shown: None) -> None:
    holding = Task(
        name=f"{QUEUE}/tasks/t",
        http_request=HttpRequest(
            url=f"https://e.example/?token={SECRET}", headers={"Authorization": SECRET}, body=HOLDING[0]
        ),
        view="FULL",
    )
    bundle = holding._repr_mimebundle_()
    for seen in (*bundle.values(), str(holding), holding._repr_html_()):
        assert seen.count(SECRET) == 3
    ct.show_secrets(False)
    assert SECRET not in str(holding)


def test_the_switch_is_for_what_is_displayed_alone(secrets_shown: None) -> None:
    error = ct.ApiError(f"Bearer {SECRET}")
    assert scrub(f"Bearer {SECRET}") == "Bearer •••"
    assert SECRET not in repr(HttpRequest(headers={"Cookie": SECRET}).headers)
    assert SECRET not in render.html(error)  # the parts that panels use


def test_an_unchanged_payload_needs_no_raw_form() -> None:
    assert raw_text(b"text") is None
    assert raw_text(b'{"a":1}') == '{"a":1}'
    assert raw_text(b'{"password":"x","a":1}') == '{"password": "•••", "a": 1}'
