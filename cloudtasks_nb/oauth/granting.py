"""How the token endpoint is asked: for tokens behind a code, or behind a refresh token. Source: SPEC section 8.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

import msgspec

from ..discreet import Body, Discreet, JsonObject, Secret, as_secret
from ..errors import AuthError, CloudTasksError, ConfigError, TransportError, Unavailable
from ..rest.auth import TOKEN_URI, check_token_uri, is_loopback
from ..rest.deadline import Deadline
from ..rest.exchange import Bounds, connections, exchange
from ..rest.retry import Retry
from ..rest.token_refusals import refusal
from ..rest.trying import Trying
from .token import Token

_TIMEOUT_S = 20.0
_RETRY = Retry(initial_s=0.2, multiplier=3, max_tries=3)
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_BRIEFLY_DOWN = ("internal_failure", "server_error", "temporarily_unavailable")


class _Answer(Discreet, msgspec.Struct):
    """Tokens, or a refusal."""

    access_token: str = ""
    expires_in: float | None = None
    token_type: str = "Bearer"  # noqa: S105 - a kind
    scope: str = ""
    refresh_token: str = ""
    error: str = ""
    error_description: str = ""

    def __post_init__(self) -> None:
        self.access_token, self.refresh_token = Secret(self.access_token), Secret(self.refresh_token)
        self.error_description = Secret(self.error_description)  # it may repeat what was sent


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

    Errors: AuthError (invalid_grant, redirect_uri_mismatch, invalid_client, …), Unavailable, TransportError.

    Source: RFC 6749 section 4.1.3, SPEC section 8.2.

    Example:
        >>> token = ct.oauth.exchange_code(code, client_id=client_id, client_secret=secret,   # doctest: +SKIP
        ...                                redirect_uri="http://localhost:8085/",
        ...                                code_verifier=asked.code_verifier)
        >>> client = ct.connect(project="my-project", credentials=token)                     # doctest: +SKIP
    """
    code, client_secret, code_verifier = map(as_secret, (code, client_secret, code_verifier))
    if not isinstance(code, str) or not code.strip():
        raise ConfigError(
            "There is no code.",
            hint="it is in the address that the person came back to: asked.code_from(address)",
        )
    form = JsonObject(
        {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
        }
    )
    try:
        return _ask(token_uri, form)
    except (TransportError, Unavailable) as error:
        if getattr(error, "reached", True):
            error.hint = "the code may be used up; ask for another one with authorization_url()"
        raise


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
    has expired), Unavailable, TransportError.

    Source: RFC 6749 section 6, SPEC section 8.2.

    Example:
        >>> token = ct.oauth.refresh(token)                                                # doctest: +SKIP
        >>> token = ct.oauth.refresh(refresh_token, client_id=client_id, client_secret=secret)   # doctest: +SKIP
    """
    refresh_token, client_secret = as_secret(refresh_token), as_secret(client_secret)
    known = refresh_token if isinstance(refresh_token, Token) else Token(refresh_token=refresh_token)
    if not isinstance(known.refresh_token, str) or not known.refresh_token:
        raise ConfigError(
            "There is no refresh token.",
            hint="ask for one: authorization_url(..., offline=True), then consent",
        )
    scope = None if scopes is None else scope_of(scopes)
    form = JsonObject(
        {
            "grant_type": "refresh_token",
            "refresh_token": known.refresh_token,
            "client_id": client_id or known.client_id,
            "client_secret": client_secret or known.client_secret,
            "scope": scope,
        }
    )
    return _ask(token_uri or known.token_uri, form, known.scope)


def _ask(token_uri: str, form: Mapping[str, str | None], scope: str = "") -> Token:
    """Tokens from the token endpoint. A code is sent once; a refresh token again after a short failure."""
    check_client(form["client_id"])
    check_token_uri(token_uri)
    sent = JsonObject((name, as_secret(value)) for name, value in form.items() if value)
    trying, deadline = Trying(_RETRY, repeatable="refresh_token" in sent), Deadline(_TIMEOUT_S)
    while True:
        trying.tries += 1
        asked_at = datetime.now(UTC)  # from here on a token ages, however long the answer takes
        try:
            found = _post(token_uri, sent, deadline)
        except CloudTasksError as error:
            trying.wait(error, deadline)
        else:
            lasts_s = found.expires_in
            return Token(
                access_token=found.access_token,
                refresh_token=found.refresh_token or sent.get("refresh_token", ""),
                token_type=found.token_type,
                scope=found.scope or sent.get("scope", scope),
                expiration=None if lasts_s is None else asked_at + timedelta(seconds=lasts_s),
                client_id=sent["client_id"],
                client_secret=sent.get("client_secret", ""),
                token_uri=token_uri,
            )


def _post(token_uri: str, form: dict[str, str], deadline: Deadline) -> _Answer:
    """Ask once. Errors: AuthError with the next step, Unavailable, TransportError."""
    host = urlsplit(token_uri).hostname or ""
    body = Body(urlencode(form).encode())
    with connections(direct=is_loopback(host)) as http:
        answer = exchange(http, "POST", token_uri, headers=_HEADERS, body=body, bounds=Bounds(deadline))
    try:
        said = msgspec.json.decode(answer.body, type=_Answer)
    except (msgspec.DecodeError, RecursionError):
        said = _Answer()
    if answer.status >= 500 or said.error in _BRIEFLY_DOWN:
        down = Unavailable(
            f"The sign-in server is unavailable: HTTP {answer.status}.", hint="try again later"
        )
        down.retry_after_s = answer.retry_after_s
        raise down
    if not 200 <= answer.status < 300:
        raise refusal(said.error or f"HTTP {answer.status}", said.error_description, form)
    if not said.access_token:
        raise AuthError(
            f"The token endpoint answered HTTP {answer.status} without a token.",
            hint=f"check token_uri ({host} is asked now)",
        )
    return said


def scope_of(scopes: Sequence[str] | str) -> str:
    """Scopes as they are sent: one text, with blanks between them. Errors: ConfigError."""
    try:
        return " ".join(scopes.split() if isinstance(scopes, str) else scopes)
    except TypeError:
        raise ConfigError(
            f"scopes={scopes!r} is neither text nor a list of texts.",
            hint='such as "https://www.googleapis.com/auth/cloud-platform"',
        ) from None


def check_client(client_id: str | None) -> None:
    """Refuse what is not a client. Errors: ConfigError."""
    if not isinstance(client_id, str) or not client_id.strip():
        raise ConfigError(
            "client_id is missing.",
            hint="create an OAuth client of type Desktop app: https://console.cloud.google.com/auth/clients",
        )
