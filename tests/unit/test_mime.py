"""The fast parser of multipart bodies and headers agrees with the standard library's mail parser on valid input."""

from __future__ import annotations

import re
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.mime import fields, multipart, pieces, split_head
from tests.examples import examples


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("multipart/mixed; boundary=x", ("multipart/mixed", b"x")),
        ('Multipart/Mixed;\r\n boundary="a b"; charset=UTF-8', ("multipart/mixed", b"a b")),
        ("multipart/mixed", ("multipart/mixed", b"")),
        ("application/json", ("application/json", b"")),
        ("", ("text/plain", b"")),
    ],
)
def test_a_content_type_names_a_kind_and_a_boundary(content_type: str, expected: tuple[str, bytes]) -> None:
    assert multipart(content_type) == expected


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_parts_stand_between_delimiters(end: bytes) -> None:
    lines = [b"-", b"--x ", b"", b"one", b"--xy", b"text --x", b"--x", b"", b"two", b"", b"--x", b"--x--", b"after",
             b"--x", b"", b"three", b"--x--"]  # fmt: skip
    one = end.join([b"", b"one", b"--xy", b"text --x"])
    two = end.join([b"", b"two", b""])
    assert pieces(end.join(lines), b"x") == [one, two, b""]


@pytest.mark.parametrize("raw", [b"", b"--x", b"--x--", b"nothing", b"--x\r\n\r\ncut off"])
def test_what_no_delimiter_ends_is_no_part(raw: bytes) -> None:
    assert pieces(raw, b"x") == []


@pytest.mark.parametrize(
    ("raw", "head", "rest"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore", b"A: 1\r\nB: 2", b"body\r\n\r\nmore"),
        (b"A: 1\n\nbody", b"A: 1", b"body"),
        (b"\r\nbody\r\n\r\nmore", b"", b"body\r\n\r\nmore"),
        (b"A: 1", b"A: 1", b""),
    ],
)
def test_a_head_ends_with_the_first_blank_line(raw: bytes, head: bytes, rest: bytes) -> None:
    assert split_head(raw) == (head, rest)


@settings(max_examples=examples(300))
@given(signs=st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"b:"]), max_size=10))
def test_a_blank_line_ends_as_any_other_does(signs: list[bytes]) -> None:
    raw = b"a" + b"".join(signs)
    blank = re.search(rb"\r?\n\r?\n", raw)
    expected = (raw, b"") if blank is None else (raw[: blank.start()], raw[blank.end() :])
    assert split_head(raw) == expected


_LINES = st.one_of(
    st.sampled_from([b"Content-ID: <a + 1>", b"X:1", b"x :1", b" folded", b"\tfolded", b"no field", b": no name",
                     b"Date: \xc3\xa9t\xc3\xa9", b"A: b: c", b"X-Empty:"]),
    st.binary(max_size=12).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"")),
)  # fmt: skip


@settings(max_examples=examples(300))
@given(lines=st.lists(_LINES, max_size=6), end=st.sampled_from([b"\r\n", b"\n"]))
def test_fields_are_those_that_a_parser_of_mail_finds(lines: list[bytes], end: bytes) -> None:
    head = split_head(end.join(lines))[0]
    found = BytesHeaderParser(policy=compat32).parsebytes(head).items()
    said = {
        name.lower(): " ".join(str(value).split()) for name, value in found if not name.startswith("From ")
    }
    if not head.startswith((b" ", b"\t", b"From ")):
        assert fields(head) == said


@settings(max_examples=examples(200))
@given(
    bodies=st.lists(st.lists(_LINES, max_size=4), min_size=1, max_size=4),
    end=st.sampled_from([b"\r\n", b"\n"]),
)
def test_parts_are_those_that_a_parser_of_mail_finds(bodies: list[list[bytes]], end: bytes) -> None:
    parts = [end.join([b"Content-Type: application/octet-stream", b"", *body]) for body in bodies]
    raw = b"".join(b"--sep" + end + part + end for part in parts) + b"--sep--" + end
    whole = BytesParser(policy=compat32).parsebytes(
        b"Content-Type: multipart/mixed; boundary=sep" + end * 2 + raw
    )
    held = [part.get_payload(decode=True) for part in whole.get_payload()]  # type: ignore[union-attr]
    assert [split_head(piece)[1] for piece in pieces(raw, b"sep")] == held
