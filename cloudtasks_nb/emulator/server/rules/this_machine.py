"""What is this machine by itself, without anybody being asked. Pure."""

from __future__ import annotations

import ipaddress


def is_loopback(address: str) -> bool:
    """Whether an IP address is on this machine. Errors: ValueError."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def is_local_name(host: str) -> bool:
    """Whether a name, or an address, means this machine by itself: nobody has to be asked."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return is_loopback(host.strip("[]"))
    except ValueError:
        return False
