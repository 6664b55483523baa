"""The address to listen on, and the host names to accept. Rejecting others stops DNS rebinding by web pages."""

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
    """The host names that an emulator bound to `bound` accepts: localhost, and `allowed`.

    Without `allowed`, a public address also accepts itself and this machine's name. `address` is the bound address,
    `nearest` the one to use on this machine, `url` the one for other machines.
    """

    def __init__(self, bound: str, port: int, allowed: Sequence[str] = ()) -> None:
        address = _address("127.0.0.1" if bound == "localhost" else bound)
        self.is_open = address is None or not address.is_loopback
        own = [bound, socket.gethostname()] if self.is_open and not allowed else []
        self.names = [name for name in (*allowed, *own) if not _is_everything(_address(name))]
        self._known = {_folded(name) for name in self.names}
        # 0.0.0.0 means every address of this machine. DNS cannot redirect an IP address, unlike a name.
        self._any_address = self.is_open and not allowed and _is_everything(address)
        self.address = _url(bound, port)
        self.nearest = _url("127.0.0.1", port) if _is_everything(address) else self.address
        self.url = _url(self.names[0], port) if self.names else self.nearest

    def what_it_means(self) -> str:
        """A warning for an address that other machines can reach."""
        names = ", ".join(("localhost", *self.names))
        return (
            f"Anybody who can reach {self.address} can read, change and run its tasks without signing in. It accepts "
            f"the host names {names}{' and every address' if self._any_address else ''}."
        )

    def why_refused(self, request: web.BaseRequest) -> str:
        """The reason to reject a request; empty if it is allowed."""
        why = why_refused(request.headers.get, self.knows)
        if not why and not is_loopback(request.headers.get("Host", "")) and "callback" in request.query:
            # Over plain http, browsers name the page that uses a script only if it comes from this machine.
            return "JSONP (callback=) is allowed on localhost only"
        return why

    def knows(self, host: str) -> bool:
        """Whether a Host header, with or without a port, names this machine.

        >>> Hosts("0.0.0.0", 8123, ["emulator"]).knows("emulator:8123")
        True
        """
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match["literal"] or match["name"]
        return _folded(name) in self._known or (self._any_address and _address(name) is not None)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on this address. Errors: ConfigError."""
    try:
        family, *_, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(where[:2], family=family, backlog=1024, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        why = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or str(error)
        if number in (errno.EADDRINUSE, errno.EACCES):
            raise ConfigError(
                f"Port {port} cannot be used: {why}.",
                hint="choose another port; --port 0 picks a free one",
            ) from None
        hint = "use --host 127.0.0.1 for this machine only, or --host 0.0.0.0 for all of its addresses"
        raise ConfigError(f"The emulator cannot listen on {host}: {why}.", hint=hint) from None


def _url(host: str, port: int) -> str:
    """The URL of a host, which may be an IPv4 or IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def host_name(text: str) -> str:
    """Checks the value of `--allowed-host NAME`. Errors: ValueError."""
    if _address(text) is None and not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is not valid: use a host name such as emulator, or an address, without a port"
        )
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
