"""Where App Engine tasks go on this machine: an application, or one for each service. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from ....model import AppEngineRouting

_SERVICE = re.compile(r"service=([a-z0-9-]+),(.+)")

NOT_CONFIGURED = (
    "no local application stands for App Engine service {!r}. "
    "Start the emulator with --app-engine http://localhost:8080, or --app-engine service={},http://localhost:8081"
)


class AppEngine(Struct, frozen=True):
    """Base URLs by service; the empty name stands for every service without an application of its own."""

    services: Mapping[str, str] = {}

    def base_url(self, routing: AppEngineRouting | None) -> str | None:
        """The application for a routing; None when there is none.

        >>> AppEngine({"": "http://localhost:1"}).base_url(None)
        'http://localhost:1'
        """
        return self.services.get(service_of(routing)) or self.services.get("")


def service_of(routing: AppEngineRouting | None) -> str:
    """The service that is meant."""
    return (routing.service if routing is not None else "") or "default"


def app_engine(words: Iterable[str]) -> AppEngine:
    """From "http://localhost:8080" and "service=worker,http://localhost:8081". Errors: ValueError."""
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
        raise ValueError(f"{url!r} is not an application such as http://localhost:8080")
    return f"{parts.scheme}://{parts.netloc}"
