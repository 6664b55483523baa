"""Makes the items of a bulk call from its input: values, rows, tasks, names, or items of an earlier call."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..errors import ConfigError, InvalidArgument, InvalidRows, kind_of
from ..model.task import HttpRequest, Task
from ..model.writing import as_new
from ..names import QueueName, check_task_id
from ..paging.exports import Exports
from ..redact import scrub
from ..resources.leased import Leased
from ..resources.new_task import TaskOptions, new_task, read_row
from ..rest.session import Session
from .items import Item, NumberedItems, again, check_is_of, items_from

if TYPE_CHECKING:
    from ..resources.queue import Queue

_URL = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_HTTP_METHODS = _WITH_BODY | {"GET", "HEAD", "DELETE", "OPTIONS"}
_APP_ENGINE_AGENT = "AppEngine-Google; (+http://code.google.com/appengine)"


def is_frame(given: Any) -> bool:
    """Whether it is a pandas DataFrame, without importing pandas."""
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.startswith("pandas") for kind in type(given).__mro__
    )


def as_frame(given: Any) -> Any:
    """Convert a foreign table, or frame.to_dict("records"), to a DataFrame, and a foreign column to a list.

    Returns other input unchanged.
    """
    if is_frame(given) or isinstance(given, Exports):  # our listings are iterated
        return given
    if (values := _values_of(given)) is not None:
        return values()
    is_rows = isinstance(given, list) and bool(given) and all(isinstance(row, dict) for row in given)
    if not is_rows and not hasattr(given, "__arrow_c_stream__"):
        return given
    from ..frames import frame_from

    return frame_from(given)


def _values_of(given: Any) -> Callable[[], list[Any]] | None:
    """The method that lists the values of a single column of pandas, Polars or Arrow; None for other input."""
    if not (hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__")):
        return None
    found = getattr(given, "to_list", None)
    if found is None and hasattr(given, "type"):  # an array of pyarrow
        found = getattr(given, "to_pylist", None)
    return found if callable(found) else None


def new_items(queue: Queue, given: Any, defaults: TaskOptions) -> NumberedItems:
    """Tasks to create in a queue: a DataFrame, Tasks, dicts of what create_task takes, or payloads.

    Every task gets a name here, so that a retry cannot create it twice.
    """

    new_id = random_ids()
    name, session = queue._parsed, queue._session

    def make(value: Any) -> Item:
        if isinstance(value, Item):
            return again(value, name, value.task)
        if isinstance(value, Task):
            task = recreated(value, name, value.name.rpartition("/")[2] or new_id(), session)
        else:
            row = value if isinstance(value, Mapping) else {"payload": value}
            payload, options = read_row(row, defaults)
            options.task_id = new_id() if options.task_id is None else options.task_id
            task = _new_task(queue, name, payload, options)
            _check_carried(task, session)
        return Item(name=task.name, task=task)

    if is_frame(given := as_frame(given)):
        from ..frames import rows_from

        return items_from(given, make, rows_from)
    if isinstance(given, str | bytes | Mapping | Task) or not isinstance(given, Iterable):
        raise InvalidArgument(
            f"create_tasks() takes many items, not {kind_of(given)}.",
            hint="pass a list, a DataFrame or any iterable; queue.create_task() creates one",
        )
    return items_from(given, make, iter)


def _new_task(queue: Queue, name: QueueName, payload: Any, options: TaskOptions) -> Task:
    if options.relative_url is not None and isinstance(options.headers, Mapping):
        options.headers = _given_headers(options.headers)
    task = new_task(name, queue._kind_of_tasks, payload, options, queue._session.now())
    if task.http_request is not None:
        _check_request(task.http_request)
    return task


def _check_request(request: HttpRequest) -> None:
    """Raise for tasks that the service would reject, so that errors appear before anything is sent."""
    method = request.http_method or "POST"
    if not _URL.match(request.url):
        raise InvalidArgument(f"url {scrub(request.url)[:60]!r} is not an http:// or https:// URL")
    if method not in _HTTP_METHODS:
        raise InvalidArgument(f"method {method!r} must be one of {', '.join(sorted(_HTTP_METHODS))}")
    if request.body and method not in _WITH_BODY:
        raise InvalidArgument(f"a payload cannot be sent with {method}", hint="POST, PUT and PATCH take one")


def recreated(task: Task, queue: QueueName, task_id: str, session: Session) -> Task:
    """A copy of a task for another queue, with the same request and due time.

    Errors: InvalidArgument for a task that cannot be read or written in full.
    """
    if task.view and task.payload is None:
        hint = 'list with queue.tasks(view="FULL"); v2 never shows the payload of a pull task'
        raise InvalidArgument("it was read without its payload", hint=hint)
    made = as_new(task)
    _check_carried(made, session)
    made.name = f"{queue}/tasks/{check_task_id(task_id)}"
    if (app := made.app_engine_http_request) is not None:
        made.app_engine_http_request = replace(app, headers=_given_headers(app.headers))
    return made


def _check_carried(task: Task, session: Session) -> None:
    """Raise for a task that no API version of this client can write in full. It is an error of this task only."""
    try:
        session.speaking.check_task(task)
    except ConfigError as error:
        raise InvalidArgument(error.message, hint=error.hint) from None


def leased_items(queue: QueueName, given: Any) -> NumberedItems:
    """Tasks of a queue, with their leases."""

    def make(value: Any) -> Item:
        if isinstance(value, Item):
            return again(value, queue, value.lease)
        if not isinstance(value, Leased):
            raise InvalidArgument(f"{value!r} is not a leased Task", hint="pass the tasks of queue.lease()")
        check_is_of(queue, value.name)
        try:
            return Item(name=value.name, lease=value._lease("acknowledge"))
        except ConfigError as error:
            raise InvalidArgument(error.message, hint=error.hint) from None

    given = [given] if isinstance(given, Leased) else given
    if is_frame(given := as_frame(given)):
        hint = "select tasks: [task for task in leased if task.name in set(frame.name)]"
        raise InvalidArgument("A table holds no leased tasks.", hint=hint)
    _check_several(given, "holds no leased tasks", "pass the tasks of queue.lease()")
    return items_from(given, make, iter)


def _check_several(given: Any, words: str, hint: str) -> None:
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        kind = kind_of(given)
        raise InvalidArgument(f"{kind[0].upper()}{kind[1:]} {words}.", hint=hint)


def _given_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of an App Engine task, without the suffix of User-Agent that the service would add again."""
    given = {}
    for key, value in headers.items():
        is_agent = str(key).lower() == "user-agent"
        held = str(value).removesuffix(_APP_ENGINE_AGENT).rstrip() if is_agent else value
        if held or not is_agent:
            given[key] = held
    return given


def selected_items(queue: QueueName, given: Any, copy: Copying | None = None) -> NumberedItems:
    """Tasks of a queue, chosen by Task, name, id, or a DataFrame with a "name" column; to be copied, or as they are."""

    def make(value: Any) -> Item:
        if isinstance(value, Item) and copy is not None and value.source:
            check_is_of(queue, value.source)
            return again(value, queue if value.task is None else copy.to, value.source)
        name = value.name if isinstance(value, Task | Item) else value
        if not isinstance(name, str):
            raise InvalidArgument(f"{value!r} is neither a Task nor a name")
        if "/" not in name:
            name = f"{queue}/tasks/{name}"
        check_is_of(queue, name)
        if copy is not None:
            return copy.of(name, value if isinstance(value, Task) and value.view == "FULL" else None)
        return again(value, queue, name) if isinstance(value, Item) else Item(name=name)

    if isinstance(given, str | Task | Item):
        given = [given]
    if is_frame(given := as_frame(given)):
        if "name" not in given.columns:
            raise InvalidRows(
                [(None, 'the DataFrame has no column "name"')],
                hint="select rows of queue.tasks().to_dataframe(), and keep that column",
            )
        return items_from(given, make, lambda frame: frame["name"])
    _check_several(given, "selects no tasks", "pass Tasks, names, a listing or a DataFrame")
    return items_from(given, make, iter if copy is None else copy.sources)


class Copying:
    """Makes copies of tasks for another queue."""

    def __init__(self, to: QueueName, session: Session, *, new_ids: bool) -> None:
        self.to = to
        self._session = session
        self._new_id = random_ids() if new_ids else None
        self._made: set[int] = set()  # hashes of the new ids

    def sources(self, given: Iterable[Any]) -> Iterator[Any]:
        """The input without copies that were made here. The target may be this queue, under another name, and a
        listing that found its own copies would never end."""
        return filter(self._is_source, given)

    def _is_source(self, value: Any) -> bool:
        name = value.name if isinstance(value, Task | Item) else value
        return not isinstance(name, str) or hash(name.rpartition("/")[2]) not in self._made

    def of(self, source: str, task: Task | None) -> Item:
        """The copy of a task; for a task that is only a name, an item to read first."""
        item = Item(name=source, source=source)
        if task is not None:
            self.take(item, task)
        return item

    def take(self, item: Item, task: Task) -> None:
        """Make the copy of a task that was read."""
        task_id = item.source.rpartition("/")[2]
        if self._new_id is not None:
            task_id = self._new_id()
            self._made.add(hash(task_id))
        item.task = recreated(task, self.to, task_id, self._session)
        item.name, item.created = item.task.name, task.create_time


def random_ids() -> Callable[[], str]:
    """Random ids, like the service's own: sequential names would overload one part of its storage."""
    source = Random(secrets.randbits(256))  # noqa: S311 - to be apart, not to be secret
    return lambda: f"{source.getrandbits(128):032x}"
