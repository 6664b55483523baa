"""The embedded emulator: serves the same REST API on this machine, with its own database."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import MissingExtra
from .options import Options


def run(options: Options, restore: Callable[[str], None] | None = None) -> None:
    """Serves until it is told to stop. `restore` gets the emulator's URL and restores backups through the API.

    Errors: MissingExtra; ConfigError when the port or the data file is in use.
    """
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        raise MissingExtra("The emulator", "local") from None
    from .process import run as serve

    serve(options, restore)
