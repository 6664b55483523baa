"""connect(): makes a Client from arguments and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .arguments import check
from .client import Client
from .discreet import as_hidden, as_secret
from .errors import ConfigError
from .model.durations import DurationLike
from .model.versions import Spoken, check_version
from .rest.auth import Auth, bare_token, check_url, credentials_auth, default_credentials, token_auth
from .rest.deadline import seconds_for_a_call
from .rest.exchange import MAX_ANSWER_BYTES
from .rest.key_files import impersonated, project_of, to_credentials
from .rest.retry import Retry
from .rest.session import Session

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

    from .oauth.tokens import Token

GOOGLE = "https://cloudtasks.googleapis.com"
EMULATOR_VARIABLES = ("CLOUD_TASKS_EMULATOR_HOST", "CLOUDTASKS_EMULATOR_HOST")
EMULATOR_PROJECT, EMULATOR_LOCATION = "local", "us-central1"


def connect(
    project: str | None = None,
    location: str | None = None,
    *,
    credentials: Credentials | Token | str | os.PathLike[str] | Mapping[str, Any] | None = None,
    impersonate: str | Sequence[str] | None = None,
    api_version: Spoken = "auto",
    endpoint: str | None = None,
    quota_project: str | None = None,
    api_key: str | None = None,
    access_token: str | None = None,
    timeout: DurationLike = 20.0,
    retry: Retry | None = None,
    max_answer_bytes: int = MAX_ANSWER_BYTES,
    read_only: bool = False,
) -> Client:
    """Connect to the real service with Application Default Credentials, or to an emulator. Returns a Client.

    If CLOUD_TASKS_EMULATOR_HOST (or CLOUDTASKS_EMULATOR_HOST) is set, or `endpoint` is a plain-http address, the client
    uses that emulator. It sends no credentials unless you pass some.

    - `project`: the project's id. Defaults to the project of the credentials, then to GOOGLE_CLOUD_PROJECT; to "local"
      with an emulator.
    - `location`: the default location, such as "us-central1". An emulator defaults to "us-central1".
    - `credentials`: google-auth credentials, a Token of ct.oauth, or the path or the dict of a service account key,
      of gcloud's credentials file or of a workload identity's configuration.
    - `impersonate`: the service account to act as, or a chain of them.
    - `api_version`: "auto" makes each call in an API version that supports all its fields. "v2beta2", "v2beta3" or
      "v2" makes all calls in that version; fields that it lacks raise ConfigError before any request.
    - `endpoint`: another address of the API, such as that of an emulator.
    - `quota_project`: the project whose quota is used.
    - `api_key`: an API key in place of credentials. The service rejects most calls with it.
    - `access_token`: a token that is never refreshed.
    - `timeout`: the deadline of a call, including its retries.
    - `retry`: which calls are retried, and how long. Defaults to ct.Retry().
    - `max_answer_bytes`: the limit for a response, uncompressed. Listings request smaller pages instead.
    - `read_only`: every call that would change the service raises ReadOnly before anything is sent.

    Units: `timeout` is seconds, a timedelta, or text such as "1m".
    Errors: ConfigError (no project, an unsafe endpoint), AuthError (no usable credentials).

    Example:
        >>> client = ct.connect(project="my-project", location="us-central1")     # doctest: +SKIP
        >>> client = ct.connect(credentials="key.json", location="us-central1")   # doctest: +SKIP
        >>> client = ct.connect(impersonate="worker@my-project.iam.gserviceaccount.com")   # doctest: +SKIP
    """
    credentials, api_key, access_token = map(as_secret, (credentials, api_key, access_token))
    endpoint = as_hidden(endpoint)
    check(connect, locals())
    check_version(api_version)
    timeout_s = seconds_for_a_call(timeout)
    if not isinstance(retry, Retry | None):
        raise ConfigError(f"retry must be a ct.Retry, not {retry!r}.", hint="pass ct.Retry(...), or omit it")
    emulator = _emulator(endpoint)
    url = endpoint if endpoint is not None else emulator or GOOGLE
    check_url(url)
    given = {"credentials": credentials, "api_key": api_key, "access_token": access_token}
    auth, found = _auth(given, impersonate, quota_project, needed=emulator is None)
    project = project or found or os.environ.get("GOOGLE_CLOUD_PROJECT") or (emulator and EMULATOR_PROJECT)
    if not project:
        hint = 'ct.connect(project="my-project"), or set GOOGLE_CLOUD_PROJECT'
        raise ConfigError("No project is set.", hint=hint)
    session = Session(url, auth, api_version=api_version, timeout_s=timeout_s, retry=retry)
    session.max_answer_bytes, session.read_only = _size(max_answer_bytes), read_only
    return Client(session, project, location or (EMULATOR_LOCATION if emulator else None))


def _size(max_answer_bytes: int) -> int:
    """Validate the size, and return it. Errors: ConfigError."""
    if isinstance(max_answer_bytes, bool) or not isinstance(max_answer_bytes, int) or max_answer_bytes < 1:
        raise ConfigError(
            f"max_answer_bytes must be a whole number of at least 1, not {max_answer_bytes!r}.",
            hint="pass a number of bytes, such as 100_000_000",
        )
    return max_answer_bytes


def _emulator(endpoint: str | None) -> str | None:
    """The emulator's URL, if calls go to one."""
    if endpoint is None:
        return emulator_in_environment()
    return endpoint if str(endpoint).lower().startswith("http://") else None


def emulator_in_environment() -> str | None:
    """The URL of the emulator in the environment, if any."""
    for variable in EMULATOR_VARIABLES:
        if host := os.environ.get(variable, "").strip():
            return host if "://" in host else f"http://{host}"
    return None


def _auth(
    given: dict[str, Any], impersonate: str | Sequence[str] | None, quota_project: str | None, *, needed: bool
) -> tuple[Auth, str | None]:
    """The caller's Auth, and the project in the credentials, if any."""
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) > 1:
        raise ConfigError("Pass only one of credentials, api_key and access_token.")
    how = chosen[0] if chosen else ""
    if how == "api_key":
        if impersonate is not None:
            raise ConfigError("An API key cannot be used with impersonate.", hint="pass credentials instead")
        return Auth(api_key=given["api_key"], quota_project=quota_project), None
    if how == "access_token":
        if impersonate is None:
            return token_auth(given["access_token"], quota_project), None
        source: Any = bare_token(given["access_token"])
        project = None
    elif how == "credentials":
        source = _credentials(given["credentials"])
        project = project_of(source)
    elif needed or impersonate is not None:
        source, project = default_credentials(quota_project)
    else:
        return Auth(quota_project=quota_project), None
    if impersonate is not None:
        source = impersonated(source, impersonate)
    return credentials_auth(source, quota_project), project or project_of(source)


def _credentials(given: Any) -> Any:
    """Convert to google-auth credentials, also from a Token. Errors: ConfigError, AuthError."""
    from .oauth.tokens import Token

    return given.credentials() if isinstance(given, Token) else to_credentials(given)
