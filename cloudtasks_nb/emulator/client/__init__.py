"""What an emulator does beyond the API, from a notebook: client.emulator."""

from .emulator import Emulator
from .history import History
from .inbox import Inbox
from .received import Received

__all__ = ["Emulator", "History", "Inbox", "Received"]
