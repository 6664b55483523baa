"""Decides which requests a local server accepts: those of programs, and in a browser those of its own pages.

A page of another origin can send requests to a loopback server, though it cannot read the responses, and can load
scripts.
Another port is another origin. Source: https://fetch.spec.whatwg.org, https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

# "localhost." is the same name: a final dot makes a name absolute. Source: RFC 1034 section 3.1
_LOOPBACK = r"(?:(?:[\w-]+\.)*localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])(?::\d*)?"
_LOOPBACK_HOST = re.compile(_LOOPBACK, re.IGNORECASE)
_OWN_SITES = frozenset({"same-origin", "none"})  # none: the user typed the address or opened a bookmark


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine by a loopback name, which only programs on it can use."""
    return _LOOPBACK_HOST.fullmatch(host) is not None


def why_refused(header: Callable[[str], str | None], knows: Callable[[str], bool] = is_loopback) -> str:
    """Why a request must be rejected; empty if it is allowed. `header` returns the value of a header, or None.

    `knows` says which hosts are names of this server, in addition to the loopback names.

    >>> why_refused({"Host": "localhost:8123", "Origin": "http://localhost:3000"}.get)
    "it comes from a page of 'http://localhost:3000'; only pages of this server may send requests"
    """
    host, origin = header("Host") or "", header("Origin")
    if not is_loopback(host) and not knows(host):  # perhaps DNS rebinding: a foreign name for this machine
        how = "use localhost" if knows is is_loopback else "use localhost, or start it with --allowed-host"
        return f"the host '{host[:100]}' is not this machine: {how}"
    if origin is not None:
        if origin.lower() == f"http://{host}".lower():
            return ""
        return f"it comes from a page of '{origin[:100]}'; only pages of this server may send requests"
    # Requests for scripts and images have no Origin header, but Sec-Fetch-Site. Links from other pages are allowed.
    own = (header("Sec-Fetch-Site") or "none") in _OWN_SITES
    if own or header("Sec-Fetch-Mode") == "navigate":
        return ""
    return "it loads a script or an image for a page of another site"
