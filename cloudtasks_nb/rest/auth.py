"""Request headers with valid credentials: google-auth credentials, an API key, or none."""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..discreet import JsonObject, Secret, as_secret
from ..errors import AuthError, ConfigError, TransportError, kind_of
from ..redact import scrub
from .token_refusals import next_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.auth.credentials import Credentials

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_SIGN_IN_S = 10.0
_KEY = "X-Goog-Api-Key"
_OAUTH_REASONS = ("invalid_client", "invalid_scope", "unauthorized_client")


class Auth:
    """Request headers for one identity. Thread-safe: only one thread at a time refreshes a token."""

    def __init__(
        self,
        credentials: Credentials | None = None,
        *,
        api_key: str | None = None,
        quota_project: str | None = None,
        renewable: bool = True,
    ) -> None:
        api_key = as_secret(api_key)
        self.identity = _identity(credentials, api_key)
        self._credentials = credentials
        self._renewable = renewable
        self._lock = threading.Lock()
        self._transport: Any = None
        self._fixed = JsonObject()
        if api_key is not None:
            self._fixed[_KEY] = header_text("api_key", api_key)
        if quota_project is not None:
            self._fixed["X-Goog-User-Project"] = header_text("quota_project", quota_project)

    @property
    def secret(self) -> bool:
        """Whether requests carry secrets, which must not travel unencrypted."""
        return self._credentials is not None or _KEY in self._fixed

    def headers(self, method: str, url: str, *, token: bool = True, key: bool = True) -> dict[str, str]:
        """Headers for a request, with a valid token. Errors: AuthError, TransportError.

        `token` and `key` are False if the request has its own.
        """
        headers = JsonObject((name, value) for name, value in self._fixed.items() if key or name != _KEY)
        if self._credentials is not None and token:
            with self._lock:
                _guard(lambda: self._credentials.before_request(self._request(), method, url, headers))  # type: ignore[union-attr]
        return headers

    @property
    def advice(self) -> str | None:
        """The hint for these credentials when the service rejects them; None for the default hint."""
        if self._credentials is not None and not self._renewable:
            return (
                "the access token is invalid or has expired: pass a new one, ct.connect(access_token=...), "
                "or credentials, which renew their token"
            )
        if getattr(self._credentials, "service_account_email", None):
            return (
                "check whether the service account still exists, and whether its key was deleted or disabled"
            )
        return None

    def renew(self, refused: dict[str, str]) -> bool:
        """After a 401: fetch a new token, unless another thread just did. Returns False if no token can be fetched.

        Errors: AuthError if the credentials have expired, were revoked or cannot be refreshed.
        """
        credentials = self._credentials
        if credentials is None or not self._renewable:
            return False
        with self._lock:
            if refused.get("authorization", "") == Secret(f"Bearer {credentials.token}"):  # not yet renewed
                _guard(lambda: credentials.refresh(self._request()))
        return True

    def _request(self) -> Any:
        if self._transport is None:
            import requests
            from google.auth.transport.requests import Request

            http = requests.Session()
            # Requests to the token endpoint hold secrets, so redirects are not followed.
            http.request = partial(http.request, allow_redirects=False)  # type: ignore[method-assign]
            self._transport = partial(Request(http), timeout=_SIGN_IN_S)  # google-auth waits two minutes
        return self._transport

    def __repr__(self) -> str:
        return f"<Auth {self.identity}>"


def login_hint() -> str:
    """How to sign in on this machine."""
    if "google.colab" in sys.modules:
        return (
            "on Colab: from google.colab import auth; auth.authenticate_user(); "
            "or work without an account: ct.local()"
        )
    return "sign in with: gcloud auth application-default login; or work without an account: ct.local()"


def default_credentials(quota_project: str | None = None) -> tuple[Credentials, str | None]:
    """Application Default Credentials, and the project they name. Errors: AuthError."""
    import google.auth

    try:
        found: tuple[Credentials, str | None] = _guard(
            lambda: google.auth.default(scopes=SCOPES, quota_project_id=quota_project)
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # the file holds something else
        raise AuthError(
            f"The file of Application Default Credentials holds no credentials ({type(error).__name__}).",
            hint=f"check the file that GOOGLE_APPLICATION_CREDENTIALS names, or {login_hint()}",
        ) from None
    return found


def credentials_auth(credentials: Any, quota_project: str | None = None) -> Auth:
    """Auth from any google-auth credentials; anonymous credentials mean none. Errors: ConfigError."""
    from google.auth.credentials import AnonymousCredentials, Credentials, with_scopes_if_required

    if isinstance(credentials, AnonymousCredentials):
        return Auth(quota_project=quota_project)
    if not isinstance(credentials, Credentials):
        raise ConfigError(
            f"credentials must be google-auth credentials, not {kind_of(credentials)}.",
            hint="pass a path, a dict, a Token of ct.oauth or google-auth credentials; "
            "for a bare token use access_token=...",
        )
    return Auth(with_scopes_if_required(credentials, SCOPES), quota_project=quota_project)


def token_auth(access_token: str, quota_project: str | None = None, *, account: str = "") -> Auth:
    """Auth from an access token, which is never refreshed. `account` is its owner. Errors: ConfigError."""
    access_token = as_secret(access_token)
    return Auth(bare_token(access_token, account), quota_project=quota_project, renewable=False)


def bare_token(access_token: str, account: str = "") -> Credentials:
    """Make credentials from an access token. Errors: ConfigError."""
    from google.oauth2.credentials import Credentials

    access_token = as_secret(access_token)
    return Credentials(token=header_text("access_token", access_token), account=account)


def header_text(what: str, text: str) -> str:
    """A header value without surrounding whitespace, which command output often has. Errors: ConfigError."""
    if not isinstance(text, str) or not text.isascii() or not text.strip().isprintable() or not text.strip():
        # The message does not quote the value: it may be a secret.
        raise ConfigError(f"{what} is empty, or not plain text on one line.")
    return text.strip()


def check_url(endpoint: str) -> None:
    """Raise unless this is the URL of a service. Errors: ConfigError."""
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        # Parsers disagree on whether a backslash ends the host, so such URLs are rejected.
        plain = not (
            parts.query or parts.fragment or any(sign.isspace() or sign == "\\" for sign in endpoint)
        )
        has_user = bool(parts.username or parts.password)
        del parts  # tracebacks show variables
    except (AttributeError, TypeError, ValueError):
        usable = plain = has_user = False
    if not (usable and plain):
        shown = "" if "@" in str(endpoint) else f" {endpoint!r}"  # a password may stand before an @
        raise ConfigError(
            f"The endpoint{shown} is not the http(s) URL of a service.",
            hint='write "https://cloudtasks.googleapis.com", or "http://localhost:8123" for an emulator',
        )
    if has_user:
        raise ConfigError("The endpoint holds a user name or password.", hint="pass credentials=... instead")


def check_secret_way(endpoint: str) -> None:
    """Raise if secrets would travel to this endpoint unencrypted. Errors: ConfigError."""
    parts = urlsplit(endpoint)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ConfigError(
            f"Credentials are never sent to a plain-http endpoint on another machine ({parts.hostname}).",
            hint="use https, or leave the credentials out for an emulator",
        )


def check_token_uri(token_uri: str) -> None:
    """Raise if secrets would travel to this address unencrypted. Errors: ConfigError."""
    check_url(token_uri)
    check_secret_way(token_uri)


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    import ipaddress

    name = host.lower().removesuffix(".")  # "localhost." is the same name
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _identity(credentials: Any, api_key: str | None) -> str:
    if credentials is None:
        return "API key" if api_key else "anonymous"
    for attribute in ("service_account_email", "signer_email", "account"):
        name = getattr(credentials, attribute, None)
        if isinstance(name, str) and name and name != "default":
            return name
    kind = type(credentials).__module__.rpartition(".")[2].strip("_").replace("_", " ")
    if kind == "credentials":  # google-auth's user credentials, with a refresh token or only a bare token
        return "a person's credentials" if getattr(credentials, "refresh_token", None) else "access token"
    return f"{kind} credentials"


def _guard(call: Callable[[], Any]) -> Any:
    """Run a google-auth call, and convert its errors to ours, without the token endpoint's raw response."""
    from google.auth import exceptions

    try:
        return call()
    except exceptions.DefaultCredentialsError as error:
        raise AuthError(
            f"No usable credentials were found: {_first_line(error)}", hint=login_hint()
        ) from None
    except exceptions.TransportError as error:
        raise TransportError(
            f"The sign-in server was not reached: {_first_line(error)}",
            hint="check the network; nothing was sent to the service",
            reached=False,
        ) from None
    except exceptions.GoogleAuthError as error:
        line = scrub(_first_line(error))
        reason = line.partition(":")[0]
        again = f"{login_hint()}; or repeat ct.oauth.sign_in(...)"
        raise AuthError(
            f"The credentials have expired, or were revoked or rejected: {line}",
            hint=next_step(reason, line) if reason in _OAUTH_REASONS or "JWT" in line else again,
        ) from None


def _first_line(error: Exception) -> str:
    text = str(error.args[0]) if error.args else type(error).__name__
    return text.strip().splitlines()[0][:300] if text.strip() else type(error).__name__
