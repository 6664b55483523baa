"""Validates request targets: URLs, headers, a queue's overrides. Detects which hosts are this machine. Pure.

Everything that passes here can be sent.

Source: SPEC sections 3.2 and 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from msgspec import Struct
from yarl import URL

from ....errors import InvalidArgument
from ....model import AppEngineRouting, HttpTarget, OAuthToken, OidcToken, UriOverride

MAX_URL_CHARACTERS = 2083
MAX_HEADER_BYTES = 80 * 1024
WITH_BODY = ("POST", "PUT", "PATCH")

_NO_NAME = re.compile(r"[\s\x00-\x1f\x7f<>\"\\^`{|}%@]")
_KEPT_IN_URLS = "!#$%&'()*+,/:;=?@[]~"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


def address(url: str) -> URL | None:
    """The parsed URL; None if no request can be sent to it."""
    try:
        read = URL(url)
        host = read.host or ""
        host.encode("idna" if not host.isascii() else "ascii")
        if ":" in host:
            ip_address(host)
    except ValueError:  # also for an invalid host name
        return None
    bad_name = not host or (":" not in host and _NO_NAME.search(host) is not None)
    return None if bad_name or read.port == 0 else read


@lru_cache(maxsize=1024)  # the tasks of a queue share few different URLs
def check_url(url: str) -> URL:
    """The parsed URL of an HTTP task. Errors: InvalidArgument."""
    if not url:
        raise InvalidArgument("HttpRequest.url is required.")
    if not url.lower().startswith(("http://", "https://")):
        raise InvalidArgument("HttpTarget.url must start with 'http://' or 'https://'.")
    found = address(url)
    if found is None:
        raise InvalidArgument("HttpRequest.url is not a valid URL.")
    # Percent-encoding turns one character into at most twelve.
    if len(url) * 12 > MAX_URL_CHARACTERS and len(quote(url, safe=_KEPT_IN_URLS)) > MAX_URL_CHARACTERS:
        raise InvalidArgument(f"HttpRequest.url must be at most {MAX_URL_CHARACTERS} characters.")
    return found


def check_headers(headers: Iterable[tuple[str, str]]) -> None:
    """Validates headers. Errors: InvalidArgument."""
    size = 0
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise InvalidArgument(f'Header "{name[:100]}" is not a valid HTTP header.')
        size += len(name.encode()) + len(value.encode())
    if size >= MAX_HEADER_BYTES:
        raise InvalidArgument("The total size of the headers must be less than 80KB.")


def check_tokens(*tokens: OAuthToken | OidcToken | None) -> None:
    """Validates a token setting. Errors: InvalidArgument if it has no account."""
    if any(token is not None and not token.service_account_email for token in tokens):
        raise InvalidArgument("service_account_email must be set.")


def check_target(target: HttpTarget) -> None:
    """Validates the HTTP target of a queue. Errors: InvalidArgument."""
    check_tokens(target.oauth_token, target.oidc_token)
    check_headers((one.header.key, one.header.value) for one in target.header_overrides if one.header)
    if target.uri_override is not None:
        _check_override(target.uri_override)


def _check_override(override: UriOverride) -> None:
    host = override.host
    if host == "":
        raise InvalidArgument("HttpTarget.uriOverride.host cannot be empty.")
    if host is not None:
        found = address(f"http://{in_url(host)}/")
        is_bare = (
            found is not None and found.explicit_port is None and not found.user and found.raw_path == "/"
        )
        if not is_bare or re.search(r"[/?#@]", host):
            raise InvalidArgument(f"HttpTarget.uriOverride.host is not a valid host: '{host[:100]}'.")
    if override.port is not None and not 0 <= override.port <= 65_535:
        raise InvalidArgument("HttpTarget.uriOverride.port must be between 0 and 65535.")


def in_url(host: str) -> str:
    """A host as it is written in a URL: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(address: str) -> bool:
    """Whether an IP address is on this machine. Errors: ValueError."""
    return ip_address(address.partition("%")[0]).is_loopback


@lru_cache(maxsize=1024)
def is_local_name(host: str) -> bool:
    """Whether a name or an address always means this machine, without a DNS lookup."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return is_loopback(host.strip("[]"))
    except ValueError:
        return False


_SERVICE = re.compile(r"service=([a-z0-9-]+),(.+)")

NOT_CONFIGURED = (
    "App Engine service {!r} has no local application. "
    "Start the emulator with --app-engine http://localhost:8080, or --app-engine service={},http://localhost:8081"
)


class AppEngine(Struct, frozen=True):
    """Base URLs by service; the empty name is the default for all other services."""

    services: Mapping[str, str] = {}

    def base_url(self, routing: AppEngineRouting | None) -> str | None:
        """The application for a routing; None if none fits.

        >>> AppEngine({"": "http://localhost:1"}).base_url(None)
        'http://localhost:1'
        """
        return self.services.get(service_of(routing)) or self.services.get("")


def service_of(routing: AppEngineRouting | None) -> str:
    """The service of a routing."""
    return (routing.service if routing is not None else "") or "default"


def app_engine(words: Iterable[str]) -> AppEngine:
    """Parses "http://localhost:8080" and "service=worker,http://localhost:8081". Errors: ValueError."""
    services: dict[str, str] = {}
    for text in words:
        match = _SERVICE.fullmatch(text)
        service, url = (match[1], match[2]) if match else ("", text)
        services[service] = _base(url)
    return AppEngine(services)


def _base(url: str) -> str:
    parts = urlsplit(url)
    bare = not parts.query and not parts.fragment and "@" not in parts.netloc and parts.path in ("", "/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not bare or parts.port == 0:
        raise ValueError(f"{url!r} must be the URL of an application, such as http://localhost:8080")
    return f"{parts.scheme}://{parts.netloc}"
