"""Ports for servers that choose no port themselves."""

from __future__ import annotations

import random
from contextlib import suppress
from socket import create_server


def free_port() -> int:
    """A free port below those that the system hands out, so that no other test gets it before the server does."""
    for port in random.sample(range(10_000, 32_768), 100):
        with suppress(OSError), create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("100 ports are in use")
