"""Credentials out of files and dicts, and on behalf of others. Source: SPEC section 8.2."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AuthError, ConfigError
from .auth import SCOPES
from .token import Token, check_token_uri

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_HINT = (
    "pass the path or the dict of a service account's key or of gcloud's application_default_credentials.json; "
    "for a bare token use access_token=..."
)


def to_credentials(given: Any) -> Any:
    """google-auth credentials from a path, a dict, a Token; what is something else stays as it is.

    Errors: ConfigError for what holds no credentials, never showing what it holds; AuthError for a broken key.
    """
    if isinstance(given, Token):
        return given.credentials()
    if isinstance(given, str | os.PathLike):
        return _from_info(_read(given))
    return _from_info(given) if isinstance(given, Mapping) else given


def impersonated(
    source: Any, account: str | Sequence[str], *, iam_endpoint: str | None = None
) -> Credentials:
    """Credentials of a service account that `source` may act for; several are a chain, the last one acts.

    Errors: ConfigError.
    """
    from google.auth.credentials import with_scopes_if_required
    from google.auth.impersonated_credentials import Credentials

    chain = [account] if isinstance(account, str) else list(account)
    if not chain or not all(isinstance(one, str) and "@" in one for one in chain):
        raise ConfigError(
            f"impersonate={account!r} is no service account.",
            hint='write its e-mail address: "worker@my-project.iam.gserviceaccount.com"',
        )
    return Credentials(
        source_credentials=with_scopes_if_required(source, SCOPES),
        target_principal=chain[-1],
        target_scopes=list(SCOPES),
        delegates=[f"projects/-/serviceAccounts/{one}" for one in chain[:-1]] or None,
        iam_endpoint_override=iam_endpoint,
    )


def project_of(credentials: Any) -> str | None:
    """The project that credentials name, if only by the address of their service account."""
    named = getattr(credentials, "project_id", None)
    if isinstance(named, str) and named:
        return named
    account = str(getattr(credentials, "service_account_email", ""))
    project, _, domain = account.partition("@")[2].partition(".")
    return project if domain == "iam.gserviceaccount.com" else None


def _read(path: str | os.PathLike[str]) -> Any:
    try:
        return json.loads(Path(path).expanduser().read_text())
    except (OSError, ValueError) as error:
        # A text that is no path may be a secret: it stays unsaid.
        reason = getattr(error, "strerror", None) or "it is not JSON"
        raise ConfigError(f"The credentials file cannot be read: {reason}.", hint=_HINT) from None


def _from_info(info: Any) -> Any:
    kind = info.get("type") if isinstance(info, Mapping) else None
    if isinstance(info, Mapping) and ("installed" in info or "web" in info):
        raise ConfigError(
            "This is an OAuth client, not credentials.", hint="sign in with it: ct.oauth.sign_in(path)"
        )
    if kind not in ("service_account", "authorized_user"):
        what = f"of type {kind!r}" if isinstance(kind, str) and kind.isidentifier() else "without a type"
        raise ConfigError(
            f"These are credentials {what}.",
            hint="other kinds (external_account, …) come through GOOGLE_APPLICATION_CREDENTIALS; otherwise "
            + _HINT,
        )
    check_token_uri(str(info.get("token_uri") or "https://oauth2.googleapis.com/token"))
    try:
        if kind == "service_account":
            from google.oauth2 import service_account

            return service_account.Credentials.from_service_account_info(dict(info), scopes=SCOPES)
        from google.oauth2 import credentials

        return credentials.Credentials.from_authorized_user_info(dict(info))
    except Exception as error:  # google-auth and cryptography raise many kinds, some quoting what they read
        name = type(error).__name__
        raise AuthError(
            f"The key in these credentials cannot be used ({name}).", hint="download a new key"
        ) from None
