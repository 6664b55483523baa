"""Google Cloud Tasks, at home in a notebook.

Public names load on first use, so that importing the package costs next to nothing.

Example:
    >>> import cloudtasks_nb as ct
    >>> client = ct.local()
    >>> client.queues()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from . import oauth as oauth
    from .api.batch import Batch as Batch
    from .api.batch import BatchItem as BatchItem
    from .api.batch import BatchResult as BatchResult
    from .bulk import BulkResult as BulkResult
    from .client import Client as Client
    from .connecting import connect as connect
    from .emulator.launch import local as local
    from .errors import *  # noqa: F403
    from .history.audit import AuditEvent as AuditEvent
    from .history.audit import AuditTrail as AuditTrail
    from .history.entries import LogEntry as LogEntry
    from .history.log import Log as Log
    from .history.log import LoggedTasks as LoggedTasks
    from .history.measures import Metrics as Metrics
    from .history.one_task import TaskHistory as TaskHistory
    from .history.overview import ProjectReport as ProjectReport
    from .history.report import Report as Report
    from .history.verdicts import LoggedTask as LoggedTask
    from .model import AppEngineHttpRequest as AppEngineHttpRequest
    from .model import AppEngineHttpTarget as AppEngineHttpTarget
    from .model import AppEngineRouting as AppEngineRouting
    from .model import AttemptStatus as AttemptStatus
    from .model import Binding as Binding
    from .model import Expr as Expr
    from .model import HttpRequest as HttpRequest
    from .model import HttpTarget as HttpTarget
    from .model import OAuthToken as OAuthToken
    from .model import OidcToken as OidcToken
    from .model import Policy as Policy
    from .model import PullMessage as PullMessage
    from .model import PullTarget as PullTarget
    from .model import QueueStats as QueueStats
    from .model import RateLimits as RateLimits
    from .model import RetryConfig as RetryConfig
    from .model import Status as Status
    from .model import TaskStatus as TaskStatus
    from .model import UriOverride as UriOverride
    from .paging.listing import Page as Page
    from .paging.pager import Pager as Pager
    from .redact import show_secrets as show_secrets
    from .resources import Location as Location
    from .resources import Operation as Operation
    from .resources import Permissions as Permissions
    from .resources import Queue as Queue
    from .resources import QueuePager as QueuePager
    from .resources import Task as Task
    from .resources import TaskPager as TaskPager
    from .rest.retry import Retry as Retry
    from .worker import Worker as Worker

_HOMES = {
    "api.batch": ("Batch", "BatchItem", "BatchResult"),
    "bulk": ("BulkResult",),
    "client": ("Client",),
    "connecting": ("connect",),
    "emulator.launch": ("local",),
    "history.audit": ("AuditEvent", "AuditTrail"),
    "history.entries": ("LogEntry",),
    "history.log": ("Log", "LoggedTasks"),
    "history.measures": ("Metrics",),
    "history.one_task": ("TaskHistory",),
    "history.overview": ("ProjectReport",),
    "history.report": ("Report",),
    "history.verdicts": ("LoggedTask",),
    "paging.listing": ("Page",),
    "paging.pager": ("Pager",),
    "redact": ("show_secrets",),
    "resources": ("Location", "Operation", "Permissions", "Queue", "QueuePager", "Task", "TaskPager"),
    "rest.retry": ("Retry",),
    "worker": ("Worker",),
    "model": (
        "AppEngineHttpRequest", "AppEngineHttpTarget", "AppEngineRouting", "AttemptStatus", "Binding", "Expr",
        "HttpRequest", "HttpTarget", "OAuthToken", "OidcToken", "Policy", "PullMessage", "PullTarget",
        "QueueStats", "RateLimits", "RetryConfig", "Status", "TaskStatus", "UriOverride",
    ),
    "errors": (
        "Aborted", "AlreadyExists", "AnswerTooLarge", "ApiError", "AuthError", "BackupIncomplete",
        "BulkError", "Cancelled", "CloudTasksError", "ConfigError", "DataLoss", "DeadlineExceeded",
        "DecodeError", "FailedPrecondition", "Internal", "InvalidArgument", "InvalidRows", "MissingExtra",
        "NotFound", "OutOfRange", "PermissionDenied", "QueryError", "ReadOnly", "ResourceExhausted",
        "Timeout", "TransportError", "Unauthenticated", "Unavailable", "Unimplemented", "Unknown",
    ),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

_ROOMS = ("oauth",)

__all__ = ["__version__", *sorted([*_HOME_OF, *_ROOMS])]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF and name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .frames.resting import importing

    home = f"{__name__}.{_HOME_OF.get(name, name)}"
    with importing(home):
        value = import_module(home)
    if name in _HOME_OF:
        value = getattr(value, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """Register the magics %ct and %%ct_task, for `%load_ext cloudtasks_nb`."""
    from .magics import load

    load(shell)
