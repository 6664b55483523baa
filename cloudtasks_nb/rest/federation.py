"""Workload and workforce identity: which configurations of other identity providers are safe to follow.

Such a file says where another provider's token is read, and to whom it is sent. One from a stranger could have any file
of this machine sent anywhere; so what is read goes to Google only, and no program is run.
Source: https://cloud.google.com/docs/authentication/external/externally-sourced-credentials
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import ConfigError
from .auth import SCOPES, check_url, is_loopback

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

ENVIRONMENT = "name the file in GOOGLE_APPLICATION_CREDENTIALS and leave credentials= out"
_AWS = "urn:ietf:params:aws:token-type:aws4_request"
# Also with a region, a private endpoint or mutual TLS.
_GOOGLE = re.compile(
    r"https://(?:[a-z0-9-]+[.-])?(?:sts|iamcredentials)(?:[.-][a-z0-9-]+)?(?:\.p)?(?:\.mtls)?\.googleapis\.com(?:/[\w.@:/-]*)?"
)
_SENT_TO = ("token_url", "token_info_url", "revoke_url", "service_account_impersonation_url")


def workload(info: Mapping[str, Any]) -> Credentials:
    """Credentials of type external_account. Errors: ConfigError for what is not safe to follow."""
    source = info.get("credential_source")
    if not isinstance(source, Mapping) or not (
        "file" in source or "url" in source or "environment_id" in source
    ):
        raise ConfigError(
            "These credentials come from neither a file, an address nor AWS.",
            hint=f"what runs a program or takes a certificate has to be allowed on the machine: {ENVIRONMENT}",
        )
    missing = [name for name in ("audience", "subject_token_type", "token_url") if not info.get(name)]
    if missing:
        raise ConfigError(
            f"These credentials lack {' and '.join(missing)}.",
            hint="make the file anew: gcloud iam workload-identity-pools create-cred-config",
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
    """Credentials of type external_account_authorized_user. Errors: ConfigError for what is not safe to follow."""
    from google.auth.external_account_authorized_user import Credentials

    check_addresses(info)
    return Credentials.from_info({"scopes": list(SCOPES), **info})


def check_addresses(info: Mapping[str, Any]) -> None:
    """Refuse to send anything to others than Google. Errors: ConfigError."""
    for name in _SENT_TO:
        address = info.get(name)
        if address and not (isinstance(address, str) and (_GOOGLE.fullmatch(address) or _is_here(address))):
            raise ConfigError(
                f"The {name} of these credentials is not Google's.", hint=f"when that is meant: {ENVIRONMENT}"
            )


def _is_here(address: str) -> bool:
    try:
        check_url(address)
    except ConfigError:
        return False
    return is_loopback(urlsplit(address).hostname or "")


def _check_source(address: Any) -> None:
    """Refuse to read a token over plain http, unless this machine or its own metadata server is asked."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except (AttributeError, TypeError, ValueError):
        host = ""
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_at_hand(host))):
        raise ConfigError(
            "A token would be read in the clear from another machine.",
            hint="use https addresses in credential_source",
        )


def _is_at_hand(host: str) -> bool:
    try:
        return is_loopback(host) or ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False
