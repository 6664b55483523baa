"""The embedded emulator: the same REST API on this machine, with a database of its own."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import MissingExtra
from .options import Options


def run(options: Options, restore: Callable[[str], None] | None = None) -> None:
    """Serves until told to stop. `restore` brings in backups, by calls of the emulator at the URL that it gets.

    Errors: MissingExtra; ConfigError when port or file is taken.
    """
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        raise MissingExtra("The emulator", "local") from None
    from .process import run as serve

    serve(options, restore)
