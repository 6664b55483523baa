"""Allowed targets of deliveries: patterns, names and addresses."""

from __future__ import annotations

import asyncio
import socket

import pytest
from yarl import URL

from cloudtasks_nb.emulator.server.delivery.reach import Elsewhere, Resolver, pattern
from cloudtasks_nb.emulator.server.rules.targets import is_local_name


@pytest.mark.parametrize(
    ("allowed", "url", "permitted"),
    [
        ("example.com", "http://example.com/a", True),
        ("example.com", "https://EXAMPLE.com:8443/a?b=c", True),
        ("example.com", "http://example.com.evil.org/", False),
        ("example.com", "http://sub.example.com/", False),
        ("*.example.com", "http://a.b.example.com/", True),
        ("*.example.com", "http://example.com/", False),
        ("*.example.com", "http://evil.org/x.example.com", False),
        ("*.example.com", "http://evil.org/?.example.com", False),
        ("*.example.com", "http://x.example.com@evil.org/", False),
        ("example.com:8080", "http://example.com/", False),
        ("example.com:8080", "http://example.com:8080/", True),
        ("https://example.com", "http://example.com/", False),
        ("https://example.com", "https://example.com:444/", False),
        ("https://example.com", "https://example.com/any/path", True),
        ("https://example.com/hooks", "https://example.com/hooks", True),
        ("https://example.com/hooks", "https://example.com/hooks/one", True),
        ("https://example.com/hooks", "https://example.com/hooksmith", False),
        ("https://example.com/hooks/*", "https://example.com/hooks/a/b", True),
        ("https://example.com/hooks/*", "https://example.com/hooks/../admin", False),
        ("https://example.com/*/send", "https://example.com/v1/send", True),
        ("10.0.0.*", "http://10.0.0.7/", True),
        ("10.0.0.*", "http://10.0.1.7/", False),
        ("[2001:db8::1]", "http://[2001:db8::1]:80/", True),
        ("*", "https://anything.example.org/x", True),
    ],
)
def test_what_a_pattern_permits(allowed: str, url: str, permitted: bool) -> None:
    assert pattern(allowed).permits(URL(url)) is permitted


@pytest.mark.parametrize("text", ["", "exa mple.com", "ftp://example.com", "example.com?x", "http://"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="is not a target"):
        pattern(text)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("", False),
        ("192.168.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_what_is_local(host: str, local: bool) -> None:
    assert is_local_name(host) is local


def found(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """A fake name server."""
    infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: infos)


def test_a_name_that_leads_elsewhere_is_refused_at_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, "127.0.0.1", "10.0.0.1")
    with pytest.raises(Elsewhere, match=r"--allow-target both\.example"):
        asyncio.run(Resolver(guarded=True).resolve("both.example", 80))


def test_a_name_of_this_machine_and_an_allowed_one_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, "127.0.1.1")
    (local,) = asyncio.run(Resolver(guarded=True).resolve("my-laptop", 80))
    assert local["host"] == "127.0.1.1"
    found(monkeypatch, "203.0.113.9")
    (allowed,) = asyncio.run(Resolver(guarded=False).resolve("api.example", 443))
    assert (allowed["host"], allowed["port"]) == ("203.0.113.9", 443)
