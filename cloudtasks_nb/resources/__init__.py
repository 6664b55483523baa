"""What the service holds, with verbs: Location, Queue, Task, Operation."""

from .access_verbs import Permissions
from .location import Location
from .operation import Operation
from .queue import Queue
from .task import Task
from .task_pager import TaskPager

__all__ = ["Location", "Operation", "Permissions", "Queue", "Task", "TaskPager"]
