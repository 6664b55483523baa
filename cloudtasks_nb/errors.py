"""The error classes, and the one table of google.rpc codes and HTTP statuses.

Source: google.rpc.Code, and SPEC section 6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from .discreet import discreet
from .installation import install_command
from .redact import scrub
from .shown import ShownFirst
from .unlisted import by_reason
from .visible import visible_lines

_SHOWN = 4_000
"""How many characters of a message an error shows."""


_AN = re.compile("[AEIOaeio]|Http|[FHLMNRSX][A-Z]")  # as they are said: an HTTPStatus, an SSLContext


def type_of(value: object) -> str:
    """The name of a value's type in an error. A text that hides itself is a "str"."""
    return next(base for base in type(value).__mro__ if base.__module__ != discreet.__module__).__name__


def kind_of(value: object) -> str:
    """The same with an article: "an int", "a list", "None"."""
    name = type_of(value)
    if value is None or name == "bytes":
        return "None" if value is None else name
    return f"{'an' if _AN.match(name) else 'a'} {name}"


class CloudTasksError(ShownFirst, Exception):
    """The base class of all errors of this package.

    Attributes: `message`; `hint`, what to do next; `method` and `resource` of the failed call, if there was one.

    Example:
        >>> try:
        ...     client.queue("no such name")
        ... except ct.CloudTasksError as error:
        ...     print(error.hint)
    """

    hint: str | None
    method: str | None = None
    resource: str | None = None
    result: Any = None
    """The partial result: the BulkResult of a bulk call, the queues of the other locations, or the part of a listing
    that was read before it failed."""
    page_token: str = ""
    """The page token that continues a failed listing: queue.tasks(page_token=error.page_token). Valid for two hours."""
    not_listed: Mapping[str, str] = MappingProxyType({})
    """All queues or locations that a listing of many could not list, each with its reason; otherwise empty."""
    tries: int = 1
    """How often the call was sent."""
    retry_after_s: float = 0.0
    """The delay that the service asks for, in Retry-After or google.rpc.RetryInfo, in seconds."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = scrub(message)  # the message may quote an argument or the request
        self.hint = scrub(hint) if hint else hint
        super().__init__(self.message)

    def __str__(self) -> str:
        asked = " of ".join(part for part in (self.method, self.resource) if part)
        lines = [f"  request: {asked}"] if asked else []
        tried = [f"  tries: {self.tries}"] if self.tries > 1 else []
        following = [f"  next: {self.hint}"] if self.hint else []
        cut = self.message[:_SHOWN] + "…" * (len(self.message) > _SHOWN)
        return visible_lines(
            "\n".join([cut, *lines, *self._lines(), *self._not_listed(), *tried, *following])
        )

    def _lines(self) -> list[str]:
        """More lines for the text, such as the status of the response."""
        return []

    def _not_listed(self) -> list[str]:
        """A line for each reason, unless only the request of the error failed."""
        groups = by_reason(self.not_listed) if len(self.not_listed) > 1 else []
        return [f"  not listed: {': '.join(filter(None, group))}" for group in groups]

    def __reduce__(self) -> tuple[Any, ...]:  # keyword-only state survives pickling (worker processes)
        return _rebuild, (type(self), self.args, self.__dict__)


class ConfigError(CloudTasksError):
    """An argument or setting is not valid, or is not safe.

    Example:
        >>> try:
        ...     ct.connect(endpoint="http://example.com", project="p", access_token="secret")
        ... except ct.ConfigError as error:
        ...     print(error)
    """


class ReadOnly(ConfigError):
    """The client was connected with read_only=True, and the call would change the service. Nothing was sent."""


class QueryError(ConfigError):
    """A query for tasks is not valid: an unknown field or value, an unclosed quote, or payloads that were not fetched.

    Example:
        >>> try:
        ...     queue.tasks().where("cod:503")
        ... except ct.QueryError as error:
        ...     print(error.hint)
    """


class MissingExtra(ConfigError, ImportError):
    """An optional dependency is missing; the hint has the command that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed.",
            hint=install_command(extra),
        )


class AuthError(CloudTasksError):
    """No valid credentials: none were found, or they have expired, or were revoked or rejected."""


class TransportError(CloudTasksError):
    """The endpoint was not reached, or the connection broke before the response was complete.

    `reached` is False if no connection was made: the call cannot have taken effect.
    """

    def __init__(self, message: str, *, hint: str | None = None, reached: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.reached = reached


class Timeout(TransportError):
    """The call's deadline passed before the response was complete."""


class InvalidRows(CloudTasksError):
    """Some rows or items are not valid. Nothing was sent.

    Attributes: `problems`, the first of them as (index, message), where index is None for a column; `count` of all.

    Example:
        >>> try:
        ...     queue.create_tasks([{"payload": b"1", "colour": "blue"}])
        ... except ct.InvalidRows as error:
        ...     print(error)
    """

    def __init__(
        self, problems: Sequence[tuple[int | None, str]], *, count: int | None = None, hint: str | None = None
    ) -> None:
        self.problems = [(at, scrub(words)) for at, words in problems]
        self.count = len(self.problems) if count is None else count
        what = "problem" if self.count == 1 else "problems"
        super().__init__(f"Nothing was sent: {self.count:,} {what}.", hint=hint)

    def _lines(self) -> list[str]:
        lines = [f"  {words}" if at is None else f"  item {at}: {words}" for at, words in self.problems]
        more = self.count - len(self.problems)
        return [*lines, f"  … and {more:,} more"] if more > 0 else lines


class BackupIncomplete(CloudTasksError):
    """A task cannot be read in full, so nothing was purged; or tasks arrived after a backup, so the queue stays."""


class BulkError(CloudTasksError):
    """Some items of a bulk call failed. `result` lists them: `result.failed`, `result.to_dataframe()`.

    Example:
        >>> result = queue.delete_tasks(["gone"])
        >>> try:
        ...     result.raise_for_errors()
        ... except ct.BulkError as error:
        ...     print(error.result.failed_count)
        1
    """


class DecodeError(CloudTasksError):
    """The response is not one of the Cloud Tasks API."""


class AnswerTooLarge(DecodeError):
    """The response is larger than the limit of this client: ct.connect(max_answer_bytes=...).

    A listing first requests smaller pages.
    """


class ApiError(CloudTasksError):
    """The service rejected a call.

    Attributes: `code` (HTTP status), `status` (google.rpc name), `message`, `details` (list of JSON objects),
    `method` (REST method id), `resource` (full resource name), `hint` (what to do next).

    Example:
        >>> try:
        ...     client.queue("emial")
        ... except ct.ApiError as error:
        ...     print(error.code, error.status, error.method)
        404 NOT_FOUND projects.locations.queues.get
    """

    rpc_status: ClassVar[str] = "UNKNOWN"
    rpc_code: ClassVar[int] = 2
    http_status: ClassVar[int] = 500

    def __init_subclass__(cls, rpc_code: int = 0, http_status: int = 0) -> None:
        """Derive the google.rpc name from the class name: NotFound is NOT_FOUND."""
        super().__init_subclass__()
        if rpc_code:
            cls.rpc_status = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).upper()
            cls.rpc_code, cls.http_status = rpc_code, http_status

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        details: Sequence[dict[str, Any]] = (),
        method: str | None = None,
        resource: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self._is_answer = code is not None  # otherwise this package rejected the call, without a request
        self.code = code or self.http_status
        self.status = self.rpc_status
        self.details: list[dict[str, Any]] = discreet(list(details))
        self.method = method
        self.resource = resource

    def _lines(self) -> list[str]:
        return [f"  response: {self.code} {self.status}"] if self._is_answer else []


class Cancelled(ApiError, rpc_code=1, http_status=499):
    """The operation was cancelled."""


class Unknown(ApiError):
    """The service failed and gave no reason."""


class InvalidArgument(ApiError, rpc_code=3, http_status=400):
    """The request is not valid, independent of the state of the service.

    Example:
        >>> try:
        ...     queue.create_task(url="ftp://example.com")
        ... except ct.InvalidArgument as error:
        ...     print(error.message)
    """


class DeadlineExceeded(ApiError, rpc_code=4, http_status=504):
    """The service's own deadline passed; the call may have taken effect."""


class NotFound(ApiError, rpc_code=5, http_status=404):
    """The queue, task or location does not exist.

    Example:
        >>> try:
        ...     client.queue("email")
        ... except ct.NotFound as error:
        ...     print(error.hint)
    """


class AlreadyExists(ApiError, rpc_code=6, http_status=409):
    """The name is in use, or was used too recently.

    Example:
        >>> try:
        ...     client.create_queue("emails")
        ... except ct.AlreadyExists:
        ...     queue = client.queue("emails")
    """


class PermissionDenied(ApiError, rpc_code=7, http_status=403):
    """The caller is authenticated but lacks the permission."""


class ResourceExhausted(ApiError, rpc_code=8, http_status=429):
    """A quota or rate limit rejected the call before it ran."""


class FailedPrecondition(ApiError, rpc_code=9, http_status=400):
    """The state of the resource does not allow this call.

    Example:
        >>> try:
        ...     work.pause().lease()
        ... except ct.FailedPrecondition as error:
        ...     print(error.message)
    """


class Aborted(ApiError, rpc_code=10, http_status=409):
    """Another change happened at the same time; read again, then retry."""


class OutOfRange(ApiError, rpc_code=11, http_status=400):
    """A value is outside the valid range."""


class Unimplemented(ApiError, rpc_code=12, http_status=501):
    """The service does not offer this method."""


class Internal(ApiError, rpc_code=13, http_status=500):
    """The service failed internally."""


class Unavailable(ApiError, rpc_code=14, http_status=503):
    """The service is unavailable now; the same call may succeed later."""


class DataLoss(ApiError, rpc_code=15, http_status=500):
    """Data was lost and cannot be recovered."""


class Unauthenticated(ApiError, AuthError, rpc_code=16, http_status=401):
    """The request carried no valid credential."""


API_ERRORS: tuple[type[ApiError], ...] = (
    Cancelled, Unknown, InvalidArgument, DeadlineExceeded, NotFound, AlreadyExists, PermissionDenied,
    ResourceExhausted, FailedPrecondition, Aborted, OutOfRange, Unimplemented, Internal, Unavailable,
    DataLoss, Unauthenticated,
)  # fmt: skip
"""The google.rpc codes 1 to 16, in order: name, number and HTTP status are attributes of each class."""

BY_STATUS: dict[str, type[ApiError]] = {error.rpc_status: error for error in API_ERRORS}
BY_RPC_CODE: dict[int, type[ApiError]] = {error.rpc_code: error for error in API_ERRORS}

# Several codes share an HTTP status. If the body does not give the code, the broadest one applies.
_BY_HTTP: dict[int, type[ApiError]] = {
    400: InvalidArgument, 401: Unauthenticated, 403: PermissionDenied, 404: NotFound, 408: DeadlineExceeded,
    409: Aborted, 429: ResourceExhausted, 499: Cancelled, 500: Internal, 501: Unimplemented, 502: Unavailable,
    503: Unavailable, 504: DeadlineExceeded,
}  # fmt: skip


def error_class(http_status: int, rpc_status: str | None = None) -> type[ApiError]:
    """The error class of a response, by its google.rpc name if it has one, else by its HTTP status."""
    if rpc_status in BY_STATUS:
        return BY_STATUS[rpc_status]
    fallback = InvalidArgument if 400 <= http_status < 500 else Unknown
    return _BY_HTTP.get(http_status, fallback)


def _rebuild(cls: type[CloudTasksError], args: tuple[Any, ...], state: dict[str, Any]) -> CloudTasksError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error
