"""Makes credentials from files and dicts, also impersonated ones, and checks that their addresses are safe."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..discreet import as_secret
from ..errors import AuthError, CloudTasksError, ConfigError
from .auth import SCOPES, TOKEN_URI, check_token_uri, check_url, is_loopback

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

ENVIRONMENT = "name the file in GOOGLE_APPLICATION_CREDENTIALS and omit credentials="
_AWS = "urn:ietf:params:aws:token-type:aws4_request"
# Also with a region, a private endpoint or mutual TLS.
_GOOGLE = re.compile(
    r"https://(?:[a-z0-9-]+[.-])?(?:sts|iamcredentials)(?:[.-][a-z0-9-]+)?(?:\.p)?(?:\.mtls)?\.googleapis\.com(?:/[\w.@:/-]*)?"
)
_SENT_TO = ("token_url", "token_info_url", "revoke_url", "service_account_impersonation_url")


def workload(info: Mapping[str, Any]) -> Credentials:
    """Credentials of type external_account. Errors: ConfigError for addresses or sources that are not safe."""
    source = info.get("credential_source")
    if not isinstance(source, Mapping) or not (
        "file" in source or "url" in source or "environment_id" in source
    ):
        raise ConfigError(
            "credential_source of these credentials is not a file, a URL or AWS.",
            hint=f"a program or certificate as the source must be allowed by the machine: {ENVIRONMENT}",
        )
    missing = [name for name in ("audience", "subject_token_type", "token_url") if not info.get(name)]
    if missing:
        raise ConfigError(
            f"These credentials lack {' and '.join(missing)}.",
            hint="create the file again: gcloud iam workload-identity-pools create-cred-config",
        )
    check_addresses(info)
    for name, address in source.items():
        if name.endswith("url"):
            _check_source(address)
    if info.get("subject_token_type") == _AWS:
        from google.auth.aws import Credentials as Kind
    else:
        from google.auth.identity_pool import Credentials as Kind
    return Kind.from_info(dict(info), scopes=SCOPES)


def workforce(info: Mapping[str, Any]) -> Credentials:
    """Credentials of type external_account_authorized_user. Errors: ConfigError for addresses that are not safe."""
    from google.auth.external_account_authorized_user import Credentials

    check_addresses(info)
    return Credentials.from_info({"scopes": list(SCOPES), **info})


def check_addresses(info: Mapping[str, Any]) -> None:
    """Raise unless all addresses are Google's. Errors: ConfigError."""
    for name in _SENT_TO:
        address = info.get(name)
        if address and not (isinstance(address, str) and (_GOOGLE.fullmatch(address) or _is_here(address))):
            raise ConfigError(
                f"{name} of these credentials is not an address of Google.",
                hint=f"if you trust it: {ENVIRONMENT}",
            )


def _is_here(address: str) -> bool:
    try:
        check_url(address)
    except ConfigError:
        return False
    return is_loopback(urlsplit(address).hostname or "")


def _check_source(address: Any) -> None:
    """Raise if a token would be read over plain http, except from this machine or its metadata server."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except (AttributeError, TypeError, ValueError):
        host = ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_at_hand(host))):
        raise ConfigError(
            "credential_source reads a token over plain http from another machine.",
            hint="use https addresses in credential_source",
        )


def _is_at_hand(host: str) -> bool:
    try:
        return is_loopback(host) or ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


_HINT = (
    "pass the path or the dict of a service account's key, of gcloud's application_default_credentials.json or of a "
    "workload identity's configuration; for a bare token use access_token=..."
)
_ACCOUNT = re.compile(r"/serviceAccounts/([^/:]+@[^/:]+):generateAccessToken$")


def to_credentials(given: Any) -> Any:
    """Make google-auth credentials from a path or a dict; returns anything else unchanged.

    Errors: ConfigError if it holds no credentials, without quoting the content; AuthError for an invalid key.
    """
    given = as_secret(given)
    if isinstance(given, str | os.PathLike):
        return _from_info(read_json(given, "The credentials file", _HINT))
    return _from_info(given) if isinstance(given, Mapping) else given


def read_json(path: str | os.PathLike[str], what: str, hint: str | None = None) -> Any:
    """Read a JSON file. Errors: ConfigError, which does not quote the path, because it may be a secret instead."""
    try:
        return as_secret(json.loads(Path(path).expanduser().read_text()))
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is not JSON"
        if isinstance(error, RuntimeError):
            reason = "its home folder is unknown"
    # Raised outside the except block: the error of the file, as its context, would show the path.
    raise ConfigError(f"{what} cannot be read: {reason}.", hint=hint)


def impersonated(
    source: Any, account: str | Sequence[str], *, iam_endpoint: str | None = None
) -> Credentials:
    """Credentials of a service account that `source` may impersonate. Several are a chain: calls use the last one.

    Errors: ConfigError.
    """
    from google.auth.credentials import with_scopes_if_required
    from google.auth.impersonated_credentials import Credentials

    chain = list(account) if isinstance(account, list | tuple) else [account]
    if not chain or not all(isinstance(one, str) and "@" in one for one in chain):
        raise ConfigError(
            f"impersonate={account!r} is not a service account.",
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
    """The project of credentials, if need be from the e-mail address of their service account."""
    named = getattr(credentials, "project_id", None)
    if isinstance(named, str) and named:
        return named
    account = str(getattr(credentials, "service_account_email", ""))
    project, _, domain = account.partition("@")[2].partition(".")
    return project if domain == "iam.gserviceaccount.com" else None


def _from_info(info: Any) -> Any:
    kind = info.get("type") if isinstance(info, Mapping) else None
    if isinstance(info, Mapping) and ("installed" in info or "web" in info):
        raise ConfigError(
            "This is an OAuth client, not credentials.", hint="sign in with it: ct.oauth.sign_in(path)"
        )
    make = _KINDS.get(kind) if isinstance(kind, str) else None
    if make is None:
        what = f"of type {kind!r}" if isinstance(kind, str) and kind.isidentifier() else "without a type"
        raise ConfigError(
            f"These are credentials {what}.", hint=f"{_HINT}; for other types of google-auth: {ENVIRONMENT}"
        )
    try:
        return make(info)
    except CloudTasksError:
        raise
    except Exception as error:  # google-auth and cryptography raise many types, and some quote the content
        name = type(error).__name__
    # Raised outside the except block, so that no traceback shows that error.
    raise AuthError(f"The key in these credentials is not valid ({name}).", hint="download the file again")


def _check_whole(info: Mapping[str, Any], names: Sequence[str], what: str, hint: str) -> None:
    """Raise if a member is missing. Errors: AuthError, which quotes no value."""
    missing = [name for name in names if info.get(name) is None]  # some clients have an empty secret
    if missing:
        raise AuthError(f"{what} lacks {', '.join(missing)}.", hint=hint)


def _service_account(info: Mapping[str, Any]) -> Credentials:
    from google.oauth2.service_account import Credentials

    check_token_uri(str(info.get("token_uri") or TOKEN_URI))
    what = "The service account key"
    _check_whole(info, ("client_email", "private_key"), what, "download the key again")
    return Credentials.from_service_account_info(dict(info), scopes=SCOPES)


def _person(info: Mapping[str, Any]) -> Credentials:
    from google.oauth2.credentials import Credentials

    check_token_uri(str(info.get("token_uri") or TOKEN_URI))
    again = "sign in again: gcloud auth application-default login, or ct.oauth.sign_in(...)"
    what = "The file of user credentials"
    _check_whole(info, ("client_id", "client_secret", "refresh_token"), what, again)
    return Credentials.from_authorized_user_info(dict(info))


def _acting(info: Mapping[str, Any]) -> Credentials:
    """Credentials that gcloud writes for a user who impersonates a service account."""
    check_addresses(info)
    account = _ACCOUNT.search(str(info.get("service_account_impersonation_url", "")))
    if account is None:
        raise ConfigError("These credentials name no service account to impersonate.", hint=_HINT)
    chain = [str(one).rpartition("/")[2] for one in info.get("delegates") or ()]
    found = impersonated(_from_info(info.get("source_credentials")), [*chain, account[1]])
    payer = info.get("quota_project_id")
    return found.with_quota_project(payer) if payer else found


_KINDS: dict[str, Callable[[Mapping[str, Any]], Credentials]] = {
    "service_account": _service_account,
    "authorized_user": _person,
    "impersonated_service_account": _acting,
    "external_account": workload,
    "external_account_authorized_user": workforce,
}
