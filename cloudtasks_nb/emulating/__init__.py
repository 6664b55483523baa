"""What an emulator does beyond the API, from a notebook: client.emulator."""

from .emulator import Emulator

__all__ = ["Emulator"]
