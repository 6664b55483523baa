"""Pictures of queues and of retry settings, drawn with matplotlib (extra "plot") when one is asked for."""

from .accessors import ClientPlots, QueuePlots
from .picture import Picture

__all__ = ["ClientPlots", "Picture", "QueuePlots"]
