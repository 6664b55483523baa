"""The steps of a sign-in: the authorization request, the redirect address with the code, and `sign_in()` for all steps.

Source: SPEC section 8.2; RFC 6749, RFC 7636, RFC 8252.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..arguments import check
from ..discreet import Address, Discreet, JsonObject, Secret, as_secret
from ..errors import AuthError, ConfigError
from ..rest.auth import SCOPES, TOKEN_URI, check_token_uri, check_url, is_loopback
from ..rest.key_files import read_json
from ..rest.token_refusals import refusal
from ..shown import Shown
from .loopback import Loopback
from .tokens import Token, check_client, exchange_code, scope_of

if TYPE_CHECKING:
    from ..render import Card

AUTH_URI = "https://accounts.google.com/o/oauth2/v2/auth"
_DEAD_END = "http://localhost:8085/"
_BACK = f'use "{_DEAD_END}", or an https address that is registered for the client'
_WHOLE = "copy the whole address from the browser, from http to its end"
_ELSEWHERE = (
    *("JUPYTERHUB_USER", "SSH_CONNECTION", "COLAB_RELEASE_TAG", "CODESPACES"),
    *("VERTEX_PRODUCT", "KUBERNETES_SERVICE_HOST"),
)


class Authorization(Discreet, Shown, str):
    """The address that a user opens, as a string. It keeps `state` and `code_verifier` for the exchange.

    Example:
        >>> asked = authorization_url("my-client-id", "http://localhost:8085/")
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

    __str__ = str.__str__  # print() shows the address; a cell shows a card

    def code_from(self, address: str) -> str:
        """The code in the address that the browser was redirected to.

        Errors: AuthError if the user declined, or if the address belongs to another request (its state differs).
        """
        address = Address(address)
        given = JsonObject(parse_qsl(address.strip().partition("#")[0].rpartition("?")[2]))
        if "state" not in given:
            raise AuthError("The address has no state parameter, so its request is unknown.", hint=_WHOLE)
        if not hmac.compare_digest(given["state"].encode(), self.state.encode()):
            hint = "start again with a new authorization_url(), and use the address that it redirects to"
            raise AuthError("The address belongs to another request: its state differs.", hint=hint)
        if "error" in given:
            raise refusal(given["error"], given.get("error_description", ""))
        if "code" not in given:
            raise AuthError("The address has no code parameter.", hint=_WHOLE)
        return str(given["code"])

    def exchange(self, address: str, client_secret: str | None = None) -> Token:
        """Exchange the code in the redirected address for tokens. Errors: AuthError, TransportError."""
        client_secret, address = as_secret(client_secret), Address(address)
        kept = JsonObject((name, value) for name, value in vars(self).items() if name != "state")
        return exchange_code(Secret(self.code_from(address)), client_secret=client_secret, **kept)

    def _shape_(self) -> Card:
        from ..render import Card, Section, code

        facts: dict[str, Any] = {
            "1": "open the address below in a browser and agree",
            "2": "copy the address that the browser is redirected to",
            "3": [code("token = asked.exchange(address, client_secret)")],
            "client": self.client_id,
            "redirects to": self.redirect_uri,
        }
        address = Section("address to open", self.url, open=True)
        return Card("Sign in", kind="authorization request", facts=facts, sections=[address])


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
    """The address where a user allows this program to act for them.

    - `client_id`: the id of an OAuth client.
    - `redirect_uri`: the address that the browser is redirected to.
    - `scopes`: what the program may do. Defaults to Google Cloud.
    - `state`: text that the redirect repeats, to match it with this request. Defaults to a random one.
    - `offline`: request a refresh token. Google issues one only after consent, so the user is asked again.
    - `login_hint`: the e-mail address of the user.
    - `auth_uri`, `token_uri`: the addresses of the provider. Default to Google's.

    Errors: ConfigError for addresses that are not valid, or that would send the code unencrypted.
    Source: RFC 6749 section 4.1.1, RFC 7636.

    Example:
        >>> asked = ct.oauth.authorization_url("my-client-id", "http://localhost:8085/")
        >>> print(asked)
        >>> token = asked.exchange(input("Where did you end up? "), client_secret)         # doctest: +SKIP
    """
    check(authorization_url, locals())
    check_client(client_id)
    _check_redirect(redirect_uri)
    auth_uri, token_uri = auth_uri or AUTH_URI, token_uri or TOKEN_URI
    check_url(auth_uri)
    check_token_uri(token_uri)
    state = secrets.token_urlsafe(24) if state is None else state
    if not isinstance(state, str) or not state:
        raise ConfigError(
            "state must be a string.", hint="leave it out for a random one that nobody can guess"
        )
    verifier = Secret(secrets.token_urlsafe(64))
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    asked = {"client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code"}
    asked |= {"scope": scope_of(scopes), "state": state}
    asked |= {"code_challenge": digest.decode().rstrip("="), "code_challenge_method": "S256"}
    if offline:
        asked |= {"access_type": "offline", "prompt": "consent"}
    if login_hint:
        asked["login_hint"] = login_hint
    kept = {"client_id": client_id, "redirect_uri": redirect_uri, "token_uri": token_uri}
    return Authorization(f"{auth_uri}?{urlencode(asked)}", state=state, code_verifier=verifier, **kept)


def _check_redirect(redirect_uri: str) -> None:
    try:
        parts = urlsplit(redirect_uri)
        usable = parts.scheme not in ("", b"", "urn") and not parts.fragment
    except (AttributeError, TypeError, ValueError):  # not a string, or an unmatched bracket
        usable = False
    if not usable:
        raise ConfigError(f"redirect_uri={redirect_uri!r} is not a valid redirect address.", hint=_BACK)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ConfigError("redirect_uri uses http: the code would travel unencrypted.", hint=_BACK)
    if dict(parse_qsl(parts.query)).keys() & {"code", "state", "error"}:
        words = "redirect_uri must not have the parameters code, state or error: the redirect adds them."
        raise ConfigError(words, hint="remove them from redirect_uri")


def sign_in(
    client: str | os.PathLike[str] | Mapping[str, Any],
    client_secret: str | None = None,
    scopes: Sequence[str] | str = SCOPES,
    *,
    loopback: bool | None = None,
    open_browser: Callable[[str], object] | None = None,
    timeout: float = 300.0,
    offline: bool = True,
    login_hint: str | None = None,
    auth_uri: str | None = None,
    token_uri: str | None = None,
) -> Token:
    """Guide a user through the sign-in, and return their tokens.

    - `client`: the id of an OAuth client (type: Desktop app), or its downloaded JSON: a path or a dict.
    - `client_secret`: its secret, if the JSON does not hold it.
    - `loopback`: True if notebook and browser share a machine: the browser is redirected to a server on 127.0.0.1.
      False if they do not: the user pastes the redirected address. Defaults to False on Colab, JupyterHub and over SSH,
      and to True elsewhere.
    - `open_browser`: a function that opens the address. Defaults to the browser of this machine, if it has a screen.
    - `timeout`: how long to wait for the browser.
    - `scopes`, `offline`, `login_hint`, `auth_uri`, `token_uri`: as in authorization_url(). The last two default to
      the addresses in the downloaded JSON.

    Units: `timeout` is in seconds.
    Errors: AuthError (the user declined, or did not finish in time), ConfigError, Unavailable, TransportError.
    Source: RFC 8252 (redirect to this machine), RFC 7636.

    Example:
        >>> token = ct.oauth.sign_in("client_secret.json")                                 # doctest: +SKIP
        >>> client = ct.connect(project="my-project", credentials=token)                   # doctest: +SKIP
    """
    if isinstance(client, Mapping):
        client = as_secret(client)
    known, client_secret = client_file(client), as_secret(client_secret)
    secret = client_secret or as_secret(known.get("client_secret"))
    ask = partial(
        authorization_url,
        known["client_id"],
        scopes=scopes,
        offline=offline,
        login_hint=login_hint,
        auth_uri=auth_uri or known.get("auth_uri"),
        token_uri=token_uri or known.get("token_uri"),
    )
    if not _is_elsewhere() if loopback is None else loopback:
        with Loopback(secrets.token_urlsafe(24)) as server:
            asked = ask(server.url, state=server.state)
            print(f"Open this address and agree; this cell then continues by itself:\n\n{asked.url}\n")
            (open_browser or _open)(asked.url)
            return asked.exchange(server.wait(timeout), secret)
    from getpass import getpass  # the notebook does not store what the user types

    asked = ask(_DEAD_END)
    print(f"1. Open this address and agree:\n\n{asked.url}\n")
    print(f"2. Your browser then fails to open {_DEAD_END}… This is expected: copy that whole address.")
    print("3. Paste it here.")
    return asked.exchange(getpass("Address: "), secret)


def client_file(client: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, str]:
    """The id, secret and addresses of an OAuth client, from its id, its downloaded JSON, or the path to the JSON.

    Errors: ConfigError.
    """
    if isinstance(client, str) and not client.endswith(".json"):
        return {"client_id": client}
    given = client if isinstance(client, Mapping) else read_json(client, "The OAuth client's file")
    given = given if isinstance(given, Mapping) else {}
    if "type" in given:
        words = f"This file holds credentials (of type {str(given['type'])[:40]!r}), not an OAuth client."
        raise ConfigError(words, hint="pass it to connect instead: ct.connect(credentials=path)")
    held = given.get("installed") or given.get("web") or given
    if not isinstance(held, Mapping) or not held.get("client_id"):
        hint = "download it: https://console.cloud.google.com/auth/clients"
        raise ConfigError("This is not the JSON of an OAuth client.", hint=hint)
    names = ("client_id", "client_secret", "auth_uri", "token_uri")
    return JsonObject((name, str(held[name])) for name in names if held.get(name))


def _is_elsewhere() -> bool:
    """Whether the user's browser is probably on another machine."""
    return "google.colab" in sys.modules or any(os.environ.get(name) for name in _ELSEWHERE)


def _open(url: str) -> None:
    """Open a browser if there is a screen. A browser in the terminal would block the cell."""
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        import webbrowser

        webbrowser.open(url)
