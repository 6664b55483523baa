"""Where the emulator listens, and under which names it is answered. Any other name may be a harmful page's."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....errors import ConfigError
from ....origins import is_loopback, why_refused

if TYPE_CHECKING:
    from aiohttp import web

_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}", re.IGNORECASE)
_HOST = re.compile(r"(?:\[(?P<literal>[0-9a-f:.]+)\]|(?P<name>[^\[\]:]+))(?::\d{1,5})?", re.IGNORECASE)


class Hosts:
    """The names under which an emulator that listens at `bound` is answered: localhost, and `allowed`.

    Without any, those of an address that others can reach are the address itself and this machine's own name.
    `address` is what was bound, `nearest` where this machine reaches it, `url` where others do.
    """

    def __init__(self, bound: str, port: int, allowed: Sequence[str] = ()) -> None:
        address = _address("127.0.0.1" if bound == "localhost" else bound)
        self.is_open = address is None or not address.is_loopback
        own = [bound, socket.gethostname()] if self.is_open and not allowed else []
        self.names = [name for name in (*allowed, *own) if not _is_everything(_address(name))]
        self._known = {_folded(name) for name in self.names}
        # 0.0.0.0 stands for every address of this machine. An address, unlike a name, cannot be made to lead elsewhere.
        self._any_address = self.is_open and not allowed and _is_everything(address)
        self.address = _url(bound, port)
        self.nearest = _url("127.0.0.1", port) if _is_everything(address) else self.address
        self.url = _url(self.names[0], port) if self.names else self.nearest

    def what_it_means(self) -> str:
        """What it means to listen where others reach it, in one sentence."""
        names = ", ".join(("localhost", *self.names))
        return (
            f"Whoever reaches {self.address} can read, change and run its tasks without signing in; it is answered "
            f"under the names {names}{' and every address' if self._any_address else ''}."
        )

    def why_refused(self, request: web.Request) -> str:
        """Why a request must not be answered; empty for one that may."""
        why = why_refused(request.headers.get, self.knows)
        if not why and not is_loopback(request.headers.get("Host", "")) and "callback" in request.query:
            # Over plain http a browser does not say where a script is used, unless it is from this machine.
            return "scripts (callback=) are answered on localhost only"
        return why

    def knows(self, host: str) -> bool:
        """Whether a Host header, with its port or without, names this machine.

        >>> Hosts("0.0.0.0", 8123, ["emulator"]).knows("emulator:8123")
        True
        """
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match["literal"] or match["name"]
        return _folded(name) in self._known or (self._any_address and _address(name) is not None)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Errors: ConfigError."""
    try:
        family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(where[:2], family=family, backlog=1024, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        why = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or str(error)
        if number in (errno.EADDRINUSE, errno.EACCES):
            raise ConfigError(
                f"Port {port} cannot be used: {why}.", hint="--port 0 picks a free one"
            ) from None
        hint = "--host 127.0.0.1 is this machine alone, --host 0.0.0.0 all of its addresses"
        raise ConfigError(f"Nothing can listen at {host}: {why}.", hint=hint) from None


def _url(host: str, port: int) -> str:
    """The URL of a host, which may be an address of either kind."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def host_name(text: str) -> str:
    """What `--allowed-host NAME` means. Errors: ValueError."""
    if _address(text) is None and not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a host name such as emulator, or an address, without a port")
    return text


def _folded(name: str) -> str:
    address = _address(name)
    return str(address) if address is not None else name.lower().removesuffix(".")


def _is_everything(address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    return address is not None and address.is_unspecified


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return None
