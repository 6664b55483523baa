"""Fixtures for the authorization-code flow: a client, its secrets, a scripted token endpoint."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import cloudtasks_nb as ct
from tests.scripted import Scripted, answer

BACK = "http://localhost:8085/"
CLIENT = "1234.apps.googleusercontent.com"
SECRET, CODE, REFRESH = "client-secret-of-mine", "4/0Acode-of-mine", "1//0refresh-of-mine"
GIVEN = {
    "access_token": "ya29.given",
    "expires_in": 3599,
    "token_type": "Bearer",
    "scope": "a b",
    "refresh_token": REFRESH,
}
EMAIL_SCOPE = "https://www.googleapis.com/auth/userinfo.email"


def form(server: Scripted, at: int = -1) -> dict[str, str]:
    head, _, body = server.requests[at].partition("\r\n\r\n")
    assert head.startswith("POST /token HTTP/1.1")
    assert "application/x-www-form-urlencoded" in head
    return {name: values[0] for name, values in parse_qs(body).items()}


def refused(error: str, description: str = "", status: int = 400) -> bytes:
    return answer(status, {"error": error, "error_description": description})


def asked(**options: Any) -> tuple[ct.oauth.Authorization, dict[str, str]]:
    made = ct.oauth.authorization_url(CLIENT, BACK, **options)
    return made, {name: values[0] for name, values in parse_qs(urlsplit(made.url).query).items()}
