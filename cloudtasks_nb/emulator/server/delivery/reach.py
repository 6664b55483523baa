"""The targets that deliveries may reach: this machine, and those that its owner allowed."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterable

from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct
from yarl import URL

from ..rules.targets import is_local_name, is_loopback

_RESOLVE_S = 5.0
_LOOKUPS = 16
_PATTERN = re.compile(r"(?:(https?)://)?(\[[0-9a-f:.*]+\]|[\w.*-]+)(?::(\d+))?(/[^\s?#]*)?", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


class Elsewhere(OSError):
    """A target that is neither on this machine nor allowed."""


def elsewhere(host: str) -> str:
    """The error for a host that was not contacted, with the option that allows it."""
    return (
        f"the emulator delivers only to this machine (localhost), and did not contact {host}. "
        f"To allow it, start the emulator with --allow-target {host or 'HOST'}"
    )


class Pattern(Struct, frozen=True):
    """One allowed target. Omitted parts match everything; "*" stands for any text."""

    scheme: str
    host: re.Pattern[str]
    port: int | None
    path: re.Pattern[str]

    def permits(self, url: URL) -> bool:
        return (
            self.scheme in ("", url.scheme)
            and self.port in (None, url.port)
            and self.host.fullmatch(url.host or "") is not None
            and self.path.fullmatch(url.path) is not None
        )


def pattern(text: str) -> Pattern:
    """From "example.com", "*.example.com:8443", "https://example.com/hooks/*" or "*". Errors: ValueError.

    A path without "*" at its end also allows the paths below it.

    >>> pattern("*.example.com").permits(URL("https://api.example.com/v1"))
    True
    >>> pattern("https://example.com/hooks").permits(URL("https://example.com/hooksmith"))
    False
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"{text!r} is not a target such as example.com, *.example.com or https://example.com/hooks/*"
        )
    scheme, host, port, path = match.groups()
    scheme = (scheme or "").lower()
    below = "" if (path or "").endswith("*") else "(?:/.*)?"
    return Pattern(
        scheme,
        _glob(host.lower().strip("[]")),
        int(port) if port else _PORTS.get(scheme),
        re.compile(_glob((path or "").rstrip("/")).pattern + below, re.DOTALL),
    )


def _glob(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


class Reach:
    """The targets that are allowed besides this machine."""

    def __init__(self, patterns: Iterable[Pattern] = ()) -> None:
        self._patterns = tuple(patterns)

    def permits(self, url: URL) -> bool:
        """Whether the owner allowed this target."""
        return any(pattern.permits(url) for pattern in self._patterns)


class Resolver(AbstractResolver):
    """Resolves host names for connections. A `guarded` one returns addresses only if all are on this machine.

    The connection uses exactly these addresses, so a name cannot resolve to another address a moment later.
    """

    def __init__(self, *, guarded: bool) -> None:
        self._guarded = guarded
        self._slots = threading.Semaphore(_LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if is_local_name(host):
            return [_result(host, "127.0.0.1", port), _result(host, "::1", port)]
        try:
            async with asyncio.timeout(_RESOLVE_S):
                addresses = await self._look_up(host)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise (
                Elsewhere(elsewhere(host)) if self._guarded else OSError(f"{host} was not found")
            ) from error
        if self._guarded and not all(map(is_loopback, addresses)):
            raise Elsewhere(elsewhere(host))
        return [_result(host, address, port) for address in addresses]

    async def _look_up(self, host: str) -> list[str]:
        """Runs on a daemon thread, because a name server may not respond for a long time."""
        if not self._slots.acquire(blocking=False):
            raise OSError("too many names are being looked up")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[list[str]] = loop.create_future()

        def work() -> None:
            addresses: list[str] | OSError | UnicodeError
            try:
                infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                addresses = list(dict.fromkeys(str(info[4][0]) for info in infos))
            except (OSError, UnicodeError) as error:
                addresses = error
            finally:
                self._slots.release()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, found, addresses)

        threading.Thread(target=work, name=f"look up {host}", daemon=True).start()
        return await found

    async def close(self) -> None:
        """Holds no resources."""


def _settle(found: asyncio.Future[list[str]], result: list[str] | OSError | UnicodeError) -> None:
    if found.done():  # the caller has given up
        return
    if isinstance(result, list):
        found.set_result(result)
    else:
        found.set_exception(result)


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
