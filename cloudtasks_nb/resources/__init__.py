"""What the service holds, with verbs: Location, Queue, Task."""

from .location import Location
from .queue import Queue
from .task import Task

__all__ = ["Location", "Queue", "Task"]
