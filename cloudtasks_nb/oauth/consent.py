"""What a person is asked, and what their answer holds: consent, with state and PKCE.

Source: SPEC section 8.2; RFC 6749, RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..discreet import Address, JsonObject, Secret, as_secret
from ..errors import AuthError, ConfigError
from ..redact import DOTS
from ..rest.auth import SCOPES, TOKEN_URI, check_token_uri, check_url, is_loopback
from ..rest.token_refusals import refusal
from ..shown import Shown
from .granting import check_client, exchange_code, scope_of
from .token import Token

if TYPE_CHECKING:
    from ..render import Card

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

    def __new__(cls, url: str, **kept: str) -> Self:
        made = super().__new__(cls, url)
        made.__dict__.update(kept)
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
        address = Address(address)
        given = JsonObject(parse_qsl(address.strip().partition("#")[0].rpartition("?")[2]))
        if "state" not in given:
            raise AuthError(
                "The address does not say which question it answers: it holds no state.",
                hint="copy the whole address from the browser, from http to its end",
            )
        if not hmac.compare_digest(given["state"].encode(), self.state.encode()):
            raise AuthError(
                "The address answers another question: its state is not the one that was sent.",
                hint="begin again with a new authorization_url(), and use the address that it leads to",
            )
        if "error" in given:
            raise refusal(given["error"], given.get("error_description", ""))
        if "code" not in given:
            raise AuthError("The address holds no code.", hint="copy the whole address from the browser")
        return str(given["code"])

    def exchange(self, address: str, client_secret: str | None = None) -> Token:
        """Tokens for the code in the address that the person's browser ended at. Errors: AuthError, TransportError."""
        client_secret, address = as_secret(client_secret), Address(address)
        return exchange_code(
            Secret(self.code_from(address)),
            client_id=self.client_id,
            client_secret=client_secret,
            redirect_uri=self.redirect_uri,
            code_verifier=self.code_verifier,
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
    offline: bool = True,
    login_hint: str | None = None,
    auth_uri: str | None = None,
    token_uri: str | None = None,
) -> Authorization:
    """The address where a person agrees that this program acts for them.

    - `client_id`: the id of an OAuth client.
    - `redirect_uri`: the address that the browser returns to.
    - `scopes`: what the program may do. Defaults to Google Cloud.
    - `state`: text that comes back in the answer and shows which question it answers. Defaults to a random one.
    - `offline`: ask for a refresh token. Google gives one only when the person agrees anew, so they are asked again.
    - `login_hint`: the e-mail address of the person who is expected.
    - `auth_uri`, `token_uri`: the addresses of the provider. Default to Google's.

    Errors: ConfigError for addresses that cannot work, or would send the code in the clear.

    Source: RFC 6749 section 4.1.1, RFC 7636.

    Example:
        >>> asked = ct.oauth.authorization_url("my-client-id", "http://localhost:8085/")
        >>> print(asked)
        >>> token = asked.exchange(input("Where did you end up? "), client_secret)         # doctest: +SKIP
    """
    check_client(client_id)
    _check_redirect(redirect_uri)
    auth_uri, token_uri = auth_uri or AUTH_URI, token_uri or TOKEN_URI
    check_url(auth_uri)
    check_token_uri(token_uri)
    state = secrets.token_urlsafe(24) if state is None else state
    if not isinstance(state, str) or not state:
        raise ConfigError("state is not a text.", hint="leave it out: one is made up that nobody can guess")
    verifier = Secret(secrets.token_urlsafe(64))
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    asked = {"client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code"}
    asked |= {"scope": scope_of(scopes), "state": state}
    asked |= {"code_challenge": digest.decode().rstrip("="), "code_challenge_method": "S256"}
    if offline:
        asked |= {"access_type": "offline", "prompt": "consent"}
    if login_hint:
        asked["login_hint"] = login_hint
    return Authorization(
        f"{auth_uri}?{urlencode(asked)}",
        state=state,
        code_verifier=verifier,
        client_id=client_id,
        redirect_uri=redirect_uri,
        token_uri=token_uri,
    )


def _check_redirect(redirect_uri: str) -> None:
    try:
        parts = urlsplit(redirect_uri)
        usable = parts.scheme not in ("", b"", "urn") and not parts.fragment
    except (AttributeError, TypeError, ValueError):  # no text, or a bracket without its other half
        usable = False
    if not usable:
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
