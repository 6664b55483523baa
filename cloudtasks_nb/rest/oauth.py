"""ct.oauth: from a person's consent to tokens, by the authorization-code flow with state and PKCE.

Source: SPEC section 8.2; RFC 6749, RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from ..errors import AuthError, ConfigError
from ..redact import DOTS
from ..shown import Shown
from .auth import SCOPES, check_url, is_loopback
from .oauth_refusals import refusal
from .sign_in import sign_in
from .token import TOKEN_URI, Token, ask_for_token

if TYPE_CHECKING:
    from ..render import Card

__all__ = [
    "AUTH_URI",
    "TOKEN_URI",
    "Authorization",
    "Token",
    "authorization_url",
    "exchange_code",
    "refresh",
    "sign_in",
]

AUTH_URI = "https://accounts.google.com/o/oauth2/v2/auth"


class Authorization(Shown, str):
    """What a person is asked: the address to open, as text; and the `state` and `code_verifier` to keep until they
    are back. Attributes: `url`, `state`, `code_verifier`, `client_id`, `redirect_uri`, `token_uri`.

    Example:
        >>> asked = authorization_url("my-client-id", "http://localhost:8085/")
        >>> asked.startswith("https://accounts.google.com/o/oauth2/v2/auth?client_id=my-client-id")
        True
        >>> asked.url == asked
        True
    """

    state: str
    code_verifier: str
    client_id: str
    redirect_uri: str
    token_uri: str

    def __new__(
        cls,
        url: str,
        *,
        state: str = "",
        code_verifier: str = "",
        client_id: str = "",
        redirect_uri: str = "",
        token_uri: str = TOKEN_URI,
    ) -> Self:
        made = super().__new__(cls, url)
        made.state, made.code_verifier = state, code_verifier
        made.client_id, made.redirect_uri, made.token_uri = client_id, redirect_uri, token_uri
        return made

    @property
    def url(self) -> str:
        """The address to open."""
        return str(self)

    __str__ = str.__str__  # printed, it is the address; in a cell it is a card

    def code_from(self, address: str) -> str:
        """The code in the address that the person's browser ended at.

        Errors: AuthError when the person said no, or when the address answers another question (its state differs).
        """
        return code_from(address, self.state)

    def exchange(self, address: str, client_secret: str | None = None) -> Token:
        """Tokens for the code in the address that the person's browser ended at. Errors: AuthError, TransportError."""
        return exchange_code(
            self.code_from(address),
            client_id=self.client_id,
            client_secret=client_secret,
            redirect_uri=self.redirect_uri,
            code_verifier=self.code_verifier or None,
            token_uri=self.token_uri,
        )

    def _shape_(self) -> Card:
        from ..render import Card, Section, code

        return Card(
            "Sign in",
            kind="authorization request",
            facts={
                "1": "open the address below in a browser and agree",
                "2": "copy the address that the browser ends at",
                "3": [code("token = asked.exchange(address, client_secret)")],
                "client": self.client_id,
                "comes back to": self.redirect_uri,
            },
            sections=[Section("address to open", self.url, open=True)],
        )

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("client_id", self.client_id), ("redirect_uri", self.redirect_uri)]

    def __repr__(self) -> str:
        return f"<Authorization for {self.client_id}, back to {self.redirect_uri}, code_verifier={DOTS}>"


def authorization_url(
    client_id: str,
    redirect_uri: str,
    scopes: Sequence[str] | str = SCOPES,
    *,
    state: str | None = None,
    pkce: bool = True,
    offline: bool = True,
    login_hint: str | None = None,
    auth_uri: str = AUTH_URI,
    token_uri: str = TOKEN_URI,
) -> Authorization:
    """Where to send a person who shall let this program act for them.

    A `state` is made up unless one is passed. `pkce` binds the answer to this program. `offline` asks for a refresh
    token, and for consent anew, because Google gives one only then.

    Errors: ConfigError for addresses that cannot work, or would send the code in the clear.

    Example:
        >>> asked = ct.oauth.authorization_url("my-client-id", "http://localhost:8085/")
        >>> print(asked)
        >>> token = asked.exchange(input("Where did you end up? "), client_secret)         # doctest: +SKIP
    """
    _check_client(client_id)
    check_url(auth_uri)
    _check_redirect(redirect_uri)
    state = secrets.token_urlsafe(24) if state is None else state
    verifier = secrets.token_urlsafe(64) if pkce else ""
    asked = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": scopes if isinstance(scopes, str) else " ".join(scopes),
        "state": state,
    }
    if verifier:
        digest = hashlib.sha256(verifier.encode()).digest()
        asked["code_challenge"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        asked["code_challenge_method"] = "S256"
    if offline:
        asked |= {"access_type": "offline", "prompt": "consent"}
    if login_hint:
        asked["login_hint"] = login_hint
    return Authorization(
        f"{auth_uri}{'&' if urlsplit(auth_uri).query else '?'}{urlencode(asked)}",
        state=state,
        code_verifier=verifier,
        client_id=client_id,
        redirect_uri=redirect_uri,
        token_uri=token_uri,
    )


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

    Example:
        >>> token = ct.oauth.exchange_code(code, client_id=client_id, client_secret=secret,   # doctest: +SKIP
        ...                                redirect_uri="http://localhost:8085/",
        ...                                code_verifier=asked.code_verifier)
        >>> client = ct.connect(project="my-project", credentials=token)                     # doctest: +SKIP
    """
    _check_client(client_id)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client_id,
        "client_secret": client_secret,
        "redirect_uri": redirect_uri,
        "code_verifier": code_verifier,
    }
    return ask_for_token(token_uri, form)


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

    Example:
        >>> token = ct.oauth.refresh(token)                                                # doctest: +SKIP
        >>> token = ct.oauth.refresh(refresh_token, client_id=client_id, client_secret=secret)   # doctest: +SKIP
    """
    known = refresh_token if isinstance(refresh_token, Token) else Token()
    held = refresh_token.refresh_token if isinstance(refresh_token, Token) else refresh_token
    if not held:
        raise ConfigError(
            "There is no refresh token.",
            hint="ask for one: authorization_url(..., offline=True), then consent",
        )
    client_id = client_id or known.client_id
    _check_client(client_id)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": held,
        "client_id": client_id,
        "client_secret": client_secret or known.client_secret or None,
        "scope": scopes if isinstance(scopes, str) or scopes is None else " ".join(scopes),
    }
    return ask_for_token(token_uri or known.token_uri, form, known)


def code_from(address: str, state: str) -> str:
    """The code in an address that a browser was sent back to. Errors: AuthError."""
    text = address.strip() if isinstance(address, str) else ""
    query = urlsplit(text).query if "?" in text else text
    given = {name: values[0] for name, values in parse_qs(query).items()} if "=" in query else {}
    if "state" not in given:
        raise AuthError(
            "The address does not say which question it answers: it holds no state.",
            hint="copy the whole address from the browser, from http to its end",
        )
    if not hmac.compare_digest(given["state"].encode(), state.encode()):
        raise AuthError(
            "The address answers another question: its state is not the one that was sent.",
            hint="begin again with a new authorization_url(), and use the address that it leads to",
        )
    if "error" in given:
        raise refusal(given["error"], given.get("error_description", ""), {})
    if not given.get("code"):
        raise AuthError("The address holds no code.", hint="copy the whole address from the browser")
    return given["code"]


def _check_client(client_id: str | None) -> None:
    if not isinstance(client_id, str) or not client_id.strip():
        raise ConfigError(
            "client_id is missing.",
            hint="create an OAuth client of type Desktop app: https://console.cloud.google.com/auth/clients",
        )


def _check_redirect(redirect_uri: str) -> None:
    text = redirect_uri if isinstance(redirect_uri, str) else ""
    parts = urlsplit(text)
    if text.startswith("urn:ietf:wg:oauth:2.0:oob") or not parts.scheme or parts.fragment:
        raise ConfigError(
            f"redirect_uri={redirect_uri!r} cannot be come back to.",
            hint='use "http://localhost:8085/", or an https address that is registered for the client',
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ConfigError(
            "A code is never sent in the clear to another machine.", hint="use an https redirect_uri"
        )
    if dict(parse_qsl(parts.query)).keys() & {"code", "state", "error"}:
        raise ConfigError("redirect_uri holds a parameter that the answer will hold: code, state or error.")
