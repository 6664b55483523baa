"""The messages and methods of the API, without I/O."""

from .json import Duration, Int64, Message, decode, encode, from_dict, to_dict, utc
from .location import CmekConfig, Location
from .operation import Operation
from .policy import Binding, Expr, Policy
from .queue import KINDS, Kind, Queue, QueueStats, RateLimits, RetryConfig, StackdriverLoggingConfig
from .status import Status
from .target import (
    AppEngineHttpTarget,
    AppEngineRouting,
    Header,
    HeaderOverride,
    Headers,
    HttpTarget,
    OAuthToken,
    OidcToken,
    PathOverride,
    PullTarget,
    QueryOverride,
    UriOverride,
)
from .task import AppEngineHttpRequest, AttemptStatus, HttpRequest, PullMessage, Task, TaskStatus, View

__all__ = [
    "KINDS",
    "AppEngineHttpRequest",
    "AppEngineHttpTarget",
    "AppEngineRouting",
    "AttemptStatus",
    "Binding",
    "CmekConfig",
    "Duration",
    "Expr",
    "Header",
    "HeaderOverride",
    "Headers",
    "HttpRequest",
    "HttpTarget",
    "Int64",
    "Kind",
    "Location",
    "Message",
    "OAuthToken",
    "OidcToken",
    "Operation",
    "PathOverride",
    "Policy",
    "PullMessage",
    "PullTarget",
    "QueryOverride",
    "Queue",
    "QueueStats",
    "RateLimits",
    "RetryConfig",
    "StackdriverLoggingConfig",
    "Status",
    "Task",
    "TaskStatus",
    "UriOverride",
    "View",
    "decode",
    "encode",
    "from_dict",
    "to_dict",
    "utc",
]
