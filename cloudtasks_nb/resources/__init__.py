"""The resources of the service, with verbs: Location, Queue, Task, Operation."""

from .access_verbs import Permissions
from .batch_verbs import Operation
from .location import Location
from .queue import Queue
from .queue_pager import QueuePager
from .task import Task
from .task_pager import TaskPager

__all__ = ["Location", "Operation", "Permissions", "Queue", "QueuePager", "Task", "TaskPager"]
