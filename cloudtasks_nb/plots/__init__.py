"""Pictures of queues and of retry settings, drawn with matplotlib (extra "plot") when one is asked for."""

from .accessors import ClientPlots, QueuePlots
from .backoff import draw_backoff

__all__ = ["ClientPlots", "QueuePlots", "draw_backoff"]
