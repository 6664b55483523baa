"""Pools of connections that keep deadlines, with the proxies and certificates that the environment names."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from ..errors import ConfigError
from ..redact import scrub
from .deadline import keeping_deadlines

_HOSTS, _CONNECTIONS = 4, 32
_NO_RETRIES = urllib3.Retry(total=False, redirect=False)


class _Discreet(logging.Filter):
    """Hides keys in logs of connections, which contain whole URLs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(scrub(arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


_DISCREET = _Discreet()
_LOGGERS = ("connection", "connectionpool", "poolmanager", "response", "util.retry")  # all that log URLs
_SCHEME = re.compile(r"[\w+.-]+://")
_WITH_SOCKS = 'install its support: pip install "requests[socks]"'
_SETTINGS = "check HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; a proxy has the form http://host:port"


class Connections:
    """Thread-safe pools of connections. `direct` ignores the environment (for local servers).

    The environment has the meaning that `requests` gives it. `requests` is only imported for a proxy, because a call
    takes twice as long with it.
    """

    def __init__(self, *, direct: bool) -> None:
        for name in _LOGGERS:
            logging.getLogger(f"urllib3.{name}").addFilter(_DISCREET)  # adding it twice has no effect
        self._direct = direct
        self._pools: dict[tuple[str, str], urllib3.PoolManager] = {}

    def open(
        self, verb: str, url: str, *, headers: Mapping[str, str], body: bytes | None, within_s: float
    ) -> urllib3.BaseHTTPResponse:
        """Send a request, and return the response as a stream. Redirects are not followed, and cookies not kept.

        Errors: HTTPError of urllib3, ValueError; ConfigError for a proxy that cannot be used.
        """
        # One total for connecting and reading: a bare number would apply to each of them.
        timeout = urllib3.Timeout(total=within_s)
        return self._pools_for(url).urlopen(
            verb,
            url,
            headers=headers,
            body=body,
            timeout=timeout,
            retries=_NO_RETRIES,
            redirect=False,
            preload_content=False,
        )

    def close(self) -> None:
        """Close the connections that are not in use."""
        for pools in list(self._pools.values()):
            pools.clear()

    def _pools_for(self, url: str) -> urllib3.PoolManager:
        proxy = "" if self._direct else _proxy_for(url)
        authorities = _authorities(direct=self._direct) if url[:6].lower() == "https:" else ""
        pools = self._pools.get((proxy, authorities))
        if pools is None:
            pools = self._pools.setdefault((proxy, authorities), _pools(proxy, authorities))
        return pools


def _proxy_for(url: str) -> str:
    """The URL of the proxy for a request, or ""."""
    from urllib.request import getproxies

    if not getproxies().keys() - {"no"}:
        return ""
    from requests.utils import get_environ_proxies, select_proxy

    return str(select_proxy(url, get_environ_proxies(url)) or "")


def _authorities(*, direct: bool) -> str:
    """The file or folder of the certificates that sign those of servers."""
    own = "" if direct else os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if own:
        return own
    import certifi

    return certifi.where()


def _pools(proxy: str, authorities: str) -> urllib3.PoolManager:
    tls: dict[str, Any] = {}
    if authorities:
        place = "ca_cert_dir" if Path(authorities).is_dir() else "ca_certs"
        tls = {"cert_reqs": "CERT_REQUIRED", place: authorities}
    pools = (
        _through(proxy, tls) if proxy else urllib3.PoolManager(num_pools=_HOSTS, maxsize=_CONNECTIONS, **tls)
    )
    pools.pool_classes_by_scheme = keeping_deadlines(pools.pool_classes_by_scheme)
    return pools


def _through(proxy: str, tls: Mapping[str, Any]) -> urllib3.PoolManager:
    """The pools of a proxy. Errors: ConfigError."""
    from requests.adapters import HTTPAdapter  # it knows how to sign in to proxies, and SOCKS
    from requests.utils import prepend_scheme_if_needed

    reason = "it has no host"
    try:
        url = str(prepend_scheme_if_needed(proxy, "http"))  # type: ignore[no-untyped-call]
        if parse_url(url).host:
            adapter = HTTPAdapter(pool_connections=_HOSTS, pool_maxsize=_CONNECTIONS)
            pools: urllib3.PoolManager = adapter.proxy_manager_for(url, **tls)
            return pools
    except (HTTPError, ValueError) as error:
        reason = "PySocks is missing" if type(error).__name__ == "InvalidSchema" else "its URL is not valid"
    # Raised outside the except block: the library's error, as its context, may show the password.
    scheme = _SCHEME.match(proxy)
    start = scheme.end() if scheme else 0
    raise ConfigError(
        f"The proxy {proxy[:start]}{proxy[start:].rpartition('@')[2]} cannot be used: {reason}.",
        hint=_WITH_SOCKS if reason.startswith("PySocks") else _SETTINGS,
    )
