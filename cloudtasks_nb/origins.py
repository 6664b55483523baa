"""Which requests a server on this machine answers: those of programs, and in a browser those of its own pages.

A page of another origin can send requests to a server on loopback without reading the answers, and can read a script.
Another port is another origin. Source: https://fetch.spec.whatwg.org, https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

import re
from collections.abc import Callable

_LOOPBACK = r"(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?"
_LOOPBACK_HOST = re.compile(_LOOPBACK, re.IGNORECASE)
_OWN_SITES = frozenset({"same-origin", "none"})  # none: typed in by a person, or opened from a bookmark


def why_refused(header: Callable[[str], str | None]) -> str:
    """Why a request must not be answered; empty for one that may. `header` gives the value of a header, or None.

    >>> why_refused({"Host": "localhost:8123", "Origin": "http://localhost:3000"}.get)
    "pages of 'http://localhost:3000' are not answered, only those of this server itself"
    """
    host, origin = header("Host") or "", header("Origin")
    if not _LOOPBACK_HOST.fullmatch(host):  # a name that leads here for a moment, as in DNS rebinding
        return f"the host '{host[:100]}' is not this machine: use localhost"
    if origin is not None:
        if origin.lower() == f"http://{host}".lower():
            return ""
        return f"pages of '{origin[:100]}' are not answered, only those of this server itself"
    # Scripts and images carry no Origin, but a browser says where they are used. A link may be followed.
    own = (header("Sec-Fetch-Site") or "none") in _OWN_SITES
    if own or header("Sec-Fetch-Mode") == "navigate":
        return ""
    return "scripts and images of other pages are not answered"
