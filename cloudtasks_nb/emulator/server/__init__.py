"""The embedded emulator: the same REST API on this machine, with a database of its own."""

from __future__ import annotations

from ...errors import MissingExtra
from .options import Options


def run(options: Options) -> None:
    """Serves on 127.0.0.1 until told to stop. Errors: MissingExtra; ConfigError when port or file is taken."""
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        raise MissingExtra("The emulator", "local") from None
    from .process import run as serve

    serve(options)
