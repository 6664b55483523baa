"""A user's tokens, and the requests to the token endpoint. Source: SPEC section 8.2; RFC 6749."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from msgspec import DecodeError, Struct, field, json
from msgspec.structs import force_setattr, replace

from ..arguments import check_text
from ..discreet import Body, Discreet, JsonObject, as_secret
from ..errors import AuthError, CloudTasksError, ConfigError, TransportError, Unavailable
from ..redact import DOTS, is_secret
from ..rest.auth import TOKEN_URI, check_token_uri, is_loopback
from ..rest.connections import Connections
from ..rest.deadline import Deadline
from ..rest.exchange import Bounds, exchange
from ..rest.retry import Retry
from ..rest.token_refusals import refusal
from ..rest.trying import Trying
from ..shown import Shown

if TYPE_CHECKING:
    from google.oauth2.credentials import Credentials

    from ..render import Card

_TIMEOUT_S = 20.0
_RETRY = Retry(initial_s=0.2, multiplier=3, max_tries=3)
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_BRIEFLY_DOWN = ("internal_failure", "server_error", "temporarily_unavailable")


class Token(Discreet, Shown, Struct, frozen=True, kw_only=True):
    """Tokens of a user who signed in.

    `ct.connect(credentials=token)` uses the token, and refreshes it if it holds a refresh token.

    Example:
        >>> token = Token(access_token="ya29.x", scope="https://www.googleapis.com/auth/cloud-platform")
        >>> token.token_type
        'Bearer'
    """

    access_token: str = ""
    """The token that calls carry. It is valid for about an hour."""
    refresh_token: str = ""
    """The token that gets new access tokens; may be empty."""
    token_type: str = "Bearer"  # noqa: S105 - a kind
    """The type of the access token; "Bearer"."""
    scope: str = ""
    """The granted scopes, separated by spaces."""
    expiration: datetime | None = None
    """When the access token expires, in UTC; None if the server did not say."""
    client_id: str = ""
    """The id of the OAuth client that requested the token."""
    client_secret: str = ""
    """The secret of that client, if it has one."""
    token_uri: str = TOKEN_URI
    """The endpoint that issues new access tokens."""

    def __post_init__(self) -> None:
        for name in filter(is_secret, self.__struct_fields__):
            force_setattr(self, name, as_secret(getattr(self, name)))

    @property
    def is_expired(self) -> bool:
        """Whether the access token has expired."""
        return self.expiration is not None and self.expiration <= datetime.now(UTC)

    def credentials(self) -> Credentials:
        """google-auth credentials that refresh themselves. Errors: ConfigError for a token endpoint on plain http."""
        from google.oauth2.credentials import Credentials

        check_token_uri(self.token_uri)
        return Credentials(
            token=self.access_token,
            refresh_token=self.refresh_token or None,
            token_uri=self.token_uri,
            client_id=self.client_id or None,
            client_secret=self.client_secret,  # empty without a secret: google-auth does not refresh with None
            scopes=self.scope.split() or None,
            expiry=self.expiration and self.expiration.astimezone(UTC).replace(tzinfo=None),
        )

    def _shape_(self) -> Card:
        from ..render import Card, badge
        from ..render.values import moment, when

        state = badge("EXPIRED", "warn") if self.is_expired else badge("VALID", "ok")
        facts = {
            "access token": DOTS if self.access_token else None,
            "refresh token": DOTS if self.refresh_token else "none: the access token cannot be refreshed",
            "scope": self.scope,
            "expires": when(self.expiration, moment(None)),
            "client": self.client_id,
        }
        code = ["ct.connect(credentials=token)", "ct.oauth.refresh(token)"]
        return Card("Token", kind=self.token_type, badge=state, facts=facts, code=code)


class _Answer(Token, frozen=True, kw_only=True):
    """The response of the token endpoint: tokens or an error."""

    expires_in: float | None = None
    error: str = ""
    secret_words: str = field(default="", name="error_description")  # they may repeat what was sent


def exchange_code(
    code: str,
    *,
    client_id: str,
    redirect_uri: str,
    client_secret: str | None = None,
    code_verifier: str | None = None,
    token_uri: str = TOKEN_URI,
) -> Token:
    """Exchange an authorization code for tokens. A code works once.

    Errors: AuthError (invalid_grant, redirect_uri_mismatch, invalid_client, …), Unavailable, TransportError.
    Source: RFC 6749 section 4.1.3, SPEC section 8.2.

    Example:
        >>> token = ct.oauth.exchange_code(code, client_id=client_id, client_secret=secret,   # doctest: +SKIP
        ...     redirect_uri="http://localhost:8085/", code_verifier=asked.code_verifier)
    """
    code, client_secret, code_verifier = map(as_secret, (code, client_secret, code_verifier))
    if not isinstance(code, str) or not code.strip():
        hint = "take it from the address that the browser was redirected to: asked.code_from(address)"
        raise ConfigError("code must be a string that is not empty.", hint=hint)
    known = Token(client_id=client_id, client_secret=client_secret or "", token_uri=token_uri)
    form = {"code": code, "redirect_uri": redirect_uri, "code_verifier": code_verifier}
    try:
        return _ask(known, grant_type="authorization_code", **form)
    except (TransportError, Unavailable) as error:
        if getattr(error, "reached", True):
            error.hint = "the code may be used already; get a new one with authorization_url()"
        raise


def refresh(
    refresh_token: str | Token,
    *,
    client_id: str | None = None,
    client_secret: str | None = None,
    scopes: Sequence[str] | str | None = None,
    token_uri: str | None = None,
) -> Token:
    """Get a new access token, from a refresh token or from a Token that holds one (and its client).

    The refresh token stays valid, so the new Token holds it too.

    Errors: AuthError (invalid_grant if the refresh token was revoked or has expired), Unavailable, TransportError.
    Source: RFC 6749 section 6, SPEC section 8.2.

    Example:
        >>> token = ct.oauth.refresh(token)                                                # doctest: +SKIP
        >>> token = ct.oauth.refresh(refresh_token, client_id=client_id, client_secret=secret)   # doctest: +SKIP
    """
    refresh_token, client_secret = as_secret(refresh_token), as_secret(client_secret)
    known = refresh_token if isinstance(refresh_token, Token) else Token(refresh_token=refresh_token)
    if not isinstance(known.refresh_token, str) or not known.refresh_token:
        hint = "request one: authorization_url(..., offline=True), then agree again"
        raise ConfigError("The token holds no refresh token.", hint=hint)
    scope = None if scopes is None else scope_of(scopes)
    known = replace(
        known,
        scope=scope or known.scope,
        client_id=client_id or known.client_id,
        client_secret=client_secret or known.client_secret,
        token_uri=token_uri or known.token_uri,
    )
    return _ask(known, grant_type="refresh_token", refresh_token=known.refresh_token, scope=scope)


def _ask(known: Token, **asked: str | None) -> Token:
    """Request tokens from the endpoint of `known`. Only a refresh token is sent again after a transient error."""
    check_client(known.client_id)
    check_token_uri(known.token_uri)
    asked |= {"client_id": known.client_id, "client_secret": known.client_secret}
    form = JsonObject((name, as_secret(value)) for name, value in asked.items() if value)
    for name, value in form.items():
        check_text(name, value)
    trying, deadline = Trying(_RETRY, repeatable="refresh_token" in form), Deadline(_TIMEOUT_S)
    while True:
        trying.begin()
        asked_at = datetime.now(UTC)  # the lifetime of the token starts here, before the response arrives
        try:
            found = _post(known.token_uri, form, deadline)
        except CloudTasksError as error:
            trying.wait(error, deadline)
            continue
        return replace(
            known,
            access_token=found.access_token,
            refresh_token=found.refresh_token or known.refresh_token,
            token_type=found.token_type,
            scope=found.scope or known.scope,
            expiration=_end(asked_at, found.expires_in),
        )


def _end(asked_at: datetime, expires_in_s: float | None) -> datetime | None:
    """When a token expires; None if the server did not send it, or sent a time after the year 9999."""
    try:
        return None if expires_in_s is None else asked_at + timedelta(seconds=expires_in_s)
    except OverflowError:
        return None


def _post(token_uri: str, form: dict[str, str], deadline: Deadline) -> _Answer:
    """Send one request. Errors: AuthError with the next step, Unavailable, TransportError."""
    host = urlsplit(token_uri).hostname or ""
    body = Body(urlencode(form).encode())
    with closing(Connections(direct=is_loopback(host))) as http:
        answer = exchange(http, "POST", token_uri, headers=_HEADERS, body=body, bounds=Bounds(deadline))
    try:
        said = json.decode(answer.body, type=_Answer)
    except (DecodeError, RecursionError):
        said = _Answer()
    if answer.status >= 500 or said.error in _BRIEFLY_DOWN:
        words = f"The sign-in server is unavailable: HTTP {answer.status}."
        down = Unavailable(words, hint="try again later")
        down.retry_after_s = answer.retry_after_s
        raise down
    if not 200 <= answer.status < 300:
        raise refusal(said.error or f"HTTP {answer.status}", said.secret_words, form)
    if not said.access_token:
        words = f"The token endpoint returned HTTP {answer.status} without a token."
        raise AuthError(words, hint=f"check token_uri, which is at {host}")
    return said


def scope_of(scopes: Sequence[str] | str) -> str:
    """Join scopes into one string, separated by spaces. Errors: ConfigError."""
    try:
        scope = " ".join(scopes.split() if isinstance(scopes, str) else scopes)
    except TypeError:
        words = f"scopes must be a string or a list of strings, not {scopes!r}."
        hint = 'pass for example "https://www.googleapis.com/auth/cloud-platform"'
        raise ConfigError(words, hint=hint) from None
    check_text("scope", scope)
    return scope


def check_client(client_id: str) -> None:
    """Raise unless this is a client id. Errors: ConfigError."""
    if not isinstance(client_id, str) or not client_id.strip():
        hint = "create an OAuth client of type Desktop app: https://console.cloud.google.com/auth/clients"
        raise ConfigError("client_id is missing.", hint=hint)
