"""The features of an emulator beyond the API: `client.emulator`."""

from .emulator import Emulator
from .history import History
from .inbox import Inbox
from .languages import ConnectionLines
from .received import Received

__all__ = ["ConnectionLines", "Emulator", "History", "Inbox", "Received"]
