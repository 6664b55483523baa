"""The embedded emulator: the same REST API on this machine, with a database of its own."""

from __future__ import annotations

from pathlib import Path

from ..errors import MissingExtra


def run(port: int, *, data: Path | None = None, with_demo: bool = False, lifeline: bool = False) -> None:
    """Serves on 127.0.0.1 until told to stop. Errors: MissingExtra; ConfigError when port or file is taken."""
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        raise MissingExtra("The emulator", "local") from None
    from .process import run as serve

    serve(port, data=data, with_demo=with_demo, lifeline=lifeline)
