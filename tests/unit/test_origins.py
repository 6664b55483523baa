"""Which requests a server on this machine accepts."""

from __future__ import annotations

import pytest

from cloudtasks_nb.origins import why_refused

HOST = {"Host": "localhost:8123"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:8123"},
        {"Origin": "HTTP://LOCALHOST:8123"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_programs_and_own_pages_are_answered(headers: dict[str, str]) -> None:
    assert why_refused((HOST | headers).get) == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3000"},  # another port is another origin
        {"Origin": "http://127.0.0.1:8123"},
        {"Origin": "https://localhost:8123"},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost:8123.example.com"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_another_origin_are_refused(headers: dict[str, str]) -> None:
    assert "page of" in why_refused((HOST | headers).get)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1:80",
        "[::1]:8123",
        "app.localhost:8123",
        "LOCALHOST",
        "[::1]",
        "localhost:",
        "localhost.",
        "localhost.:8123",
        "LocalHost.:80",
        "app.localhost.:8123",
    ],  # absolute names
)
def test_names_of_this_machine(host: str) -> None:
    assert why_refused({"Host": host}.get) == ""
    assert why_refused({"Host": host, "Origin": f"http://{host}"}.get) == ""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com",
        "127.0.0.1.example.com",
        "localhost.example.com:80",
        "10.0.0.1",
        "localhost:80:80",
        "localhost..",
        "localhost.com.",
        "localhost.evil.",
        ".localhost",
        "example.com.",
        "127.0.0.1.",
        "::1",
        "[::1",
        "localhost.@example.com",
        "localhost.:80.example.com",
        "localhost./x",
        "localhost.\n",
        " localhost.",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    assert "not this machine" in why_refused({"Host": host, "Origin": f"http://{host}"}.get)
