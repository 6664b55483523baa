"""ct.oauth.sign_in: walk a person through consent, in this browser or in another one."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ..discreet import JsonObject, as_secret
from ..errors import ConfigError
from ..rest.auth import SCOPES
from ..rest.key_files import read_json
from .consent import authorization_url
from .loopback import Loopback
from .token import Token

_ELSEWHERE = (
    "JUPYTERHUB_USER",
    "SSH_CONNECTION",
    "COLAB_RELEASE_TAG",
    "CODESPACES",
    "VERTEX_PRODUCT",
    "KUBERNETES_SERVICE_HOST",
)
_DEAD_END = "http://localhost:8085/"


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
    """Walk a person through signing in, and return their tokens.

    - `client`: the id of an OAuth client (type: Desktop app), or its downloaded JSON: a path or a dict.
    - `client_secret`: its secret, where the JSON does not hold it.
    - `scopes`: what the program may do. Defaults to Google Cloud.
    - `loopback`: True when notebook and browser share a machine: the browser returns to a server on 127.0.0.1. False
      when they do not: the person pastes the address where their browser ended. Defaults to False on Colab, JupyterHub
      and over SSH, and to True elsewhere.
    - `open_browser`: a function that opens the address. Defaults to the browser of this machine, where it has a screen.
    - `timeout`: how long to wait for the browser.
    - `offline`, `login_hint`, `auth_uri`, `token_uri`: as in authorization_url(). The last two default to the
      addresses in the downloaded JSON.

    Units: `timeout` is in seconds.

    Errors: AuthError (the person said no, or did not come back), ConfigError, Unavailable, TransportError.

    Source: RFC 8252 (the browser comes back to this machine), RFC 7636.

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
    if loopback if loopback is not None else not _is_elsewhere():
        with Loopback(secrets.token_urlsafe(24)) as server:
            asked = ask(server.url, state=server.state)
            print(f"Open this address and agree; this cell goes on by itself:\n\n{asked.url}\n")
            (open_browser or _open)(asked.url)
            return asked.exchange(server.wait(timeout), secret)
    asked = ask(_DEAD_END)
    print(
        f"1. Open this address and agree:\n\n{asked.url}\n\n"
        f"2. Your browser then fails to open {_DEAD_END}… That is as it should be: copy that whole address.\n"
        "3. Paste it here."
    )
    from getpass import getpass  # what is typed is not kept in the notebook

    return asked.exchange(getpass("Address: "), secret)


def client_file(client: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, str]:
    """Id, secret and addresses of an OAuth client, from its id, its downloaded JSON, or the path of that.

    Errors: ConfigError.
    """
    if isinstance(client, str) and not client.endswith(".json"):
        return {"client_id": client}
    if not isinstance(client, Mapping):
        client = read_json(client, "The OAuth client's file")
    if isinstance(client, Mapping) and "type" in client:
        raise ConfigError(
            f"This file holds credentials (of type {str(client['type'])[:40]!r}), not an OAuth client.",
            hint="use it as it is: ct.connect(credentials=path)",
        )
    held = client.get("installed") or client.get("web") or client if isinstance(client, Mapping) else {}
    if not isinstance(held, Mapping) or not held.get("client_id"):
        raise ConfigError(
            "This is not the JSON of an OAuth client.",
            hint="download it: https://console.cloud.google.com/auth/clients",
        )
    names = ("client_id", "client_secret", "auth_uri", "token_uri")
    return JsonObject((name, str(held[name])) for name in names if held.get(name))


def _is_elsewhere() -> bool:
    """Whether the person's browser is probably not on this machine."""
    return "google.colab" in sys.modules or any(os.environ.get(name) for name in _ELSEWHERE)


def _open(url: str) -> None:
    """Open a browser where there is a screen: without one it would be one in the terminal, which holds up the cell."""
    if sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        import webbrowser

        webbrowser.open(url)
