"""How the token endpoint is asked: for tokens behind a code, or behind a refresh token. Source: SPEC section 8.2."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct

from ..errors import AuthError, ConfigError, TransportError
from ..rest.auth import TOKEN_URI, check_token_uri, is_loopback
from ..rest.deadline import Deadline
from ..rest.exchange import Answer, connections, exchange
from ..rest.token_refusals import refusal
from .token import Token

_TIMEOUT_S = 20.0
_PAUSES_S = (0.2, 0.6)
_BRIEFLY_DOWN = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})


class _Answer(Struct):
    access_token: str
    expires_in: float | None = None
    token_type: str = "Bearer"  # noqa: S105 - a kind
    scope: str = ""
    refresh_token: str = ""


class _Refused(Struct):
    error: str
    error_description: str = ""


def exchange_code(
    code: str,
    *,
    client_id: str,
    redirect_uri: str,
    client_secret: str | None = None,
    code_verifier: str | None = None,
    token_uri: str = TOKEN_URI,
) -> Token:
    """Tokens for a code that came back to the redirect address. A code works once.

    Errors: AuthError (invalid_grant, redirect_uri_mismatch, invalid_client, …), TransportError.

    Source: RFC 6749 section 4.1.3, SPEC section 8.2.

    Example:
        >>> token = ct.oauth.exchange_code(code, client_id=client_id, client_secret=secret,   # doctest: +SKIP
        ...                                redirect_uri="http://localhost:8085/",
        ...                                code_verifier=asked.code_verifier)
        >>> client = ct.connect(project="my-project", credentials=token)                     # doctest: +SKIP
    """
    check_client(client_id)
    if not isinstance(code, str) or not code.strip():
        raise ConfigError(
            "There is no code.",
            hint="it is in the address that the person came back to: asked.code_from(address)",
        )
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client_id,
        "client_secret": client_secret,
        "redirect_uri": redirect_uri,
        "code_verifier": code_verifier,
    }
    return _ask(token_uri, form)


def refresh(
    refresh_token: str | Token,
    *,
    client_id: str | None = None,
    client_secret: str | None = None,
    scopes: Sequence[str] | str | None = None,
    token_uri: str | None = None,
) -> Token:
    """Another access token for a refresh token, or for a Token that holds one (and knows its client).

    The refresh token stays good, so the answer carries it on. Errors: AuthError (invalid_grant when it was revoked or
    has expired), TransportError.

    Source: RFC 6749 section 6, SPEC section 8.2.

    Example:
        >>> token = ct.oauth.refresh(token)                                                # doctest: +SKIP
        >>> token = ct.oauth.refresh(refresh_token, client_id=client_id, client_secret=secret)   # doctest: +SKIP
    """
    known = refresh_token if isinstance(refresh_token, Token) else Token()
    held = refresh_token.refresh_token if isinstance(refresh_token, Token) else refresh_token
    if not isinstance(held, str) or not held:
        raise ConfigError(
            "There is no refresh token.",
            hint="ask for one: authorization_url(..., offline=True), then consent",
        )
    client_id = client_id or known.client_id
    check_client(client_id)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": held,
        "client_id": client_id,
        "client_secret": client_secret or known.client_secret or None,
        "scope": None if scopes is None else scope_of(scopes),
    }
    return _ask(token_uri or known.token_uri, form, known)


def _ask(token_uri: str, form: Mapping[str, str | None], known: Token | None = None) -> Token:
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


def scope_of(scopes: Sequence[str] | str) -> str:
    """Scopes as they are sent: one text, with blanks between them. Errors: ConfigError."""
    each = scopes.split() if isinstance(scopes, str) else scopes
    if not isinstance(each, list | tuple | set | frozenset) or not all(isinstance(one, str) for one in each):
        raise ConfigError(
            f"scopes={scopes!r} is neither text nor a list of texts.",
            hint='such as "https://www.googleapis.com/auth/cloud-platform"',
        )
    return " ".join(each)


def check_client(client_id: str | None) -> None:
    """Refuse what is no client. Errors: ConfigError."""
    if not isinstance(client_id, str) or not client_id.strip():
        raise ConfigError(
            "client_id is missing.",
            hint="create an OAuth client of type Desktop app: https://console.cloud.google.com/auth/clients",
        )
