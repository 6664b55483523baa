"""Tokens: what the token endpoint answers, and how it is asked. Source: SPEC section 8.2."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from ..errors import AuthError, ConfigError, TransportError
from ..redact import DOTS
from ..shown import Shown
from .auth import check_secret_way, check_url, is_loopback
from .deadline import Deadline
from .exchange import Answer, connections, exchange
from .oauth_refusals import refusal

if TYPE_CHECKING:
    from google.oauth2.credentials import Credentials

    from ..render import Card

TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_TIMEOUT_S = 20.0
_PAUSES_S = (0.2, 0.6)
_BRIEFLY_DOWN = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})


class Token(Struct, Shown, frozen=True, kw_only=True):
    """Tokens of a person who signed in. `scope` is space-separated, `expiration` an aware instant in UTC.

    `ct.connect(credentials=token)` uses it, and keeps it fresh while it holds a refresh token.

    Example:
        >>> token = Token(access_token="ya29.x", scope="https://www.googleapis.com/auth/cloud-platform")
        >>> token.token_type
        'Bearer'
    """

    access_token: str = ""
    refresh_token: str = ""
    token_type: str = "Bearer"  # noqa: S105 - a kind
    scope: str = ""
    expiration: datetime | None = None
    client_id: str = ""
    client_secret: str = ""
    token_uri: str = TOKEN_URI

    @property
    def is_expired(self) -> bool:
        """Whether the access token is over."""
        return self.expiration is not None and self.expiration <= datetime.now(UTC)

    def credentials(self) -> Credentials:
        """google-auth credentials, for any Google client; they refresh themselves, also when a call is refused (401).

        Errors: ConfigError when the token endpoint would be asked in the clear.
        """
        from google.oauth2.credentials import Credentials

        check_token_uri(self.token_uri)
        naive = self.expiration.astimezone(UTC).replace(tzinfo=None) if self.expiration is not None else None
        return Credentials(
            token=self.access_token,
            refresh_token=self.refresh_token or None,
            token_uri=self.token_uri,
            client_id=self.client_id or None,
            client_secret=self.client_secret or None,
            scopes=self.scope.split() or None,
            expiry=naive,
        )

    def _shape_(self) -> Card:
        from ..render import Card, badge
        from ..render.values import moment, when

        return Card(
            "Token",
            kind=self.token_type,
            badge=badge("EXPIRED", "warn") if self.is_expired else badge("VALID", "ok"),
            facts={
                "access token": DOTS if self.access_token else None,
                "refresh token": DOTS if self.refresh_token else "none: it ends when it expires",
                "scope": self.scope,
                "expires": when(self.expiration, moment(None)),
                "client": self.client_id,
            },
            code=["ct.connect(credentials=token)", "ct.oauth.refresh(token)"],
        )

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("scope", self.scope), ("expiration", self.expiration)]

    def __repr__(self) -> str:
        until = self.expiration.isoformat() if self.expiration is not None else "unknown"
        return (
            f"Token(access_token={DOTS}, refresh_token={DOTS if self.refresh_token else 'none'}, "
            f"scope={self.scope!r}, expiration={until})"
        )


class _Answer(Struct):
    access_token: str
    expires_in: float | None = None
    token_type: str = "Bearer"  # noqa: S105 - a kind
    scope: str = ""
    refresh_token: str = ""


class _Refused(Struct):
    error: str
    error_description: str = ""


def ask_for_token(token_uri: str, form: Mapping[str, str | None], known: Token | None = None) -> Token:
    """Ask the token endpoint. Errors: AuthError with the next step, TransportError, ConfigError.

    A code is asked for once, because it works once; a refresh token again after a short failure.
    """
    check_token_uri(token_uri)
    sent = {name: value for name, value in form.items() if value}
    answer, asked_at = _asked(token_uri, sent)
    try:
        found = msgspec.json.decode(answer.body, type=_Answer)
    except msgspec.DecodeError:
        raise AuthError(
            f"The token endpoint answered HTTP {answer.status} without a token.",
            hint=f"check token_uri ({_host(token_uri)} is asked now)",
        ) from None
    known = known or Token()
    lifetime = None if found.expires_in is None else timedelta(seconds=found.expires_in)
    return Token(
        access_token=found.access_token,
        refresh_token=found.refresh_token or sent.get("refresh_token", ""),
        token_type=found.token_type,
        scope=found.scope or sent.get("scope", "") or known.scope,
        expiration=None if lifetime is None else asked_at + lifetime,
        client_id=sent["client_id"],
        client_secret=sent.get("client_secret", ""),
        token_uri=token_uri,
    )


def check_token_uri(token_uri: str) -> None:
    """Refuse an address to which secrets would travel in the clear. Errors: ConfigError."""
    check_url(token_uri)
    check_secret_way(token_uri)


def _asked(token_uri: str, form: dict[str, str]) -> tuple[Answer, datetime]:
    pauses_s = [*(_PAUSES_S if "refresh_token" in form else ()), None]
    for pause_s in pauses_s:
        asked_at = datetime.now(UTC)  # from here on it ages, however long the answer takes
        try:
            answer = _post(token_uri, form)
        except TransportError as error:
            if pause_s is None or not error.reached:
                if "code" in form and error.reached:
                    error.hint = "the code may be used up; ask for another one with authorization_url()"
                raise
        else:
            if 200 <= answer.status < 300:
                return answer, asked_at
            refused = _refused(answer)
            if pause_s is None or not (refused.error in _BRIEFLY_DOWN or answer.status >= 500):
                raise refusal(refused.error, refused.error_description, form)
        time.sleep(pause_s)
    raise ConfigError("The token endpoint was not asked.")


def _post(token_uri: str, form: dict[str, str]) -> Answer:
    http = connections(direct=is_loopback(urlsplit(token_uri).hostname or ""))
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        return exchange(
            http,
            "POST",
            token_uri,
            headers=headers,
            body=urlencode(form).encode(),
            deadline=Deadline(_TIMEOUT_S),
        )
    finally:
        http.close()


def _refused(answer: Answer) -> _Refused:
    try:
        return msgspec.json.decode(answer.body, type=_Refused)
    except msgspec.DecodeError:
        return _Refused(f"HTTP {answer.status}", "without a reason")


def _host(url: str) -> str:
    parts: Any = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
