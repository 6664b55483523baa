"""The threads that fetch the pages of one test."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

Threads = Callable[[], list[threading.Thread]]


@pytest.fixture
def threads() -> Threads:
    """Those that began in this test: an export that another test abandoned may still hold its own."""
    earlier = set(threading.enumerate())
    return lambda: [
        one for one in threading.enumerate() if one.name == "cloudtasks-page" and one not in earlier
    ]
