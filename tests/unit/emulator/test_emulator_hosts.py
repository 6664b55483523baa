"""Which host names an emulator accepts."""

from __future__ import annotations

import socket

import pytest

from cloudtasks_nb.emulator.server.http.hosts import Hosts, host_name


@pytest.mark.parametrize("bound", ["127.0.0.1", "localhost", "127.0.0.2", "::1"])
def test_loopback_is_not_open_and_knows_no_other_name(bound: str) -> None:
    hosts = Hosts(bound, 80)
    assert not hosts.is_open
    assert hosts.names == []
    for host in ("emulator", socket.gethostname(), "192.0.2.1", "evil.example.com"):
        assert not hosts.knows(host)


def test_another_address_is_known_by_itself_and_by_the_machine_s_name() -> None:
    hosts = Hosts("192.0.2.1", 8123)
    assert hosts.is_open
    assert hosts.knows("192.0.2.1:8123")
    assert hosts.knows(socket.gethostname().upper())
    assert not hosts.knows("192.0.2.2")
    assert (hosts.address, hosts.nearest, hosts.url) == ("http://192.0.2.1:8123",) * 3


@pytest.mark.parametrize("everything", ["0.0.0.0", "::"])  # noqa: S104 - nothing listens
def test_every_address_is_known_and_no_name_of_others(everything: str) -> None:
    hosts = Hosts(everything, 8123)
    for host in ("192.0.2.1", "[2001:db8::1]:8123", socket.gethostname()):
        assert hosts.knows(host), host
    for host in (
        "evil.example.com",
        "2001:db8::1",
        "",
        "a:b",
        "[::1",
        "1.2.3.4.example.com",
        "user@192.0.2.1",
    ):
        assert not hosts.knows(host), host
    assert hosts.nearest == "http://127.0.0.1:8123"
    assert hosts.url == f"http://{socket.gethostname()}:8123"
    assert "and every address" in hosts.what_it_means()


def test_names_that_are_allowed_stand_for_the_others() -> None:
    hosts = Hosts("0.0.0.0", 8123, ["emulator", "2001:DB8::1"])  # noqa: S104 - nothing listens
    for host in ("emulator", "Emulator.:8123", "[2001:db8:0::1]:1"):
        assert hosts.knows(host), host
    for host in (socket.gethostname(), "192.0.2.1", "emulator.example.com", "emulator:8123:1"):
        assert not hosts.knows(host), host
    assert hosts.url == "http://emulator:8123"
    assert "every address" not in hosts.what_it_means()


@pytest.mark.parametrize("text", ["", "*", "a b", "a/b", "http://emulator", "emulator:8123", "a..b", "é"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError, match="use a host name"):
        host_name(text)


@pytest.mark.parametrize("text", ["emulator", "my_service", "a.b-c.example.com", "192.0.2.1", "2001:db8::1"])
def test_what_is_a_name(text: str) -> None:
    assert host_name(text) == text
