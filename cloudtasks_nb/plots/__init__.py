"""Plots of queues and of retry settings, drawn on demand with matplotlib (extra "plot")."""

from .accessors import ClientPlots, QueuePlots
from .picture import Picture

__all__ = ["ClientPlots", "Picture", "QueuePlots"]
