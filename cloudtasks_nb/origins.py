"""Which requests a server on this machine answers: those of programs, and in a browser those of its own pages.

A page of another origin can send requests to a server on loopback without reading the answers, and can read a script.
Another port is another origin. Source: https://fetch.spec.whatwg.org, https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_LOOPBACK = r"(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?"
_LOOPBACK_HOST = re.compile(_LOOPBACK, re.IGNORECASE)
_OWN_SITES = frozenset({"same-origin", "none"})  # none: typed in by a person, or opened from a bookmark


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine, and can be sent by programs on it only."""
    return _LOOPBACK_HOST.fullmatch(host) is not None


def why_refused(header: Callable[[str], str | None], knows: Callable[[str], bool] = is_loopback) -> str:
    """Why a request must not be answered; empty for one that may. `header` gives the value of a header, or None.

    `knows` says which hosts, beside those of loopback, are names of this server.

    >>> why_refused({"Host": "localhost:8123", "Origin": "http://localhost:3000"}.get)
    "pages of 'http://localhost:3000' are not answered, only those of this server itself"
    """
    host, origin = header("Host") or "", header("Origin")
    if not is_loopback(host) and not knows(host):  # a name that leads here for a moment, as in DNS rebinding
        how = "use localhost" if knows is is_loopback else "use localhost, or start it with --allowed-host"
        return f"the host '{host[:100]}' is not this machine: {how}"
    if origin is not None:
        if origin.lower() == f"http://{host}".lower():
            return ""
        return f"pages of '{origin[:100]}' are not answered, only those of this server itself"
    # Scripts and images carry no Origin, but a browser says where they are used. A link may be followed.
    own = (header("Sec-Fetch-Site") or "none") in _OWN_SITES
    if own or header("Sec-Fetch-Mode") == "navigate":
        return ""
    return "scripts and images of other pages are not answered"
