"""Plots of queues and of retry settings, drawn on demand with matplotlib (extra "plot")."""

from .accessors import ClientPlots, QueuePlots
from .backoff import draw_backoff

__all__ = ["ClientPlots", "QueuePlots", "draw_backoff"]
