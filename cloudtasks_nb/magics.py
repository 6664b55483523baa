"""%ct and %%ct_task: common calls as one-line magics. Each prints the equivalent Python."""

from __future__ import annotations

import builtins
import json
import os
import shlex
from argparse import ArgumentParser, Namespace
from inspect import getdoc
from keyword import iskeyword
from types import ModuleType
from typing import Any, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.display import display

from .client import Client
from .connecting import EMULATOR_VARIABLES, connect
from .errors import CloudTasksError, ConfigError, kind_of
from .model.durations import parse_duration
from .paging.pager import Pager
from .redact import redacted, scrub
from .render.values import counted
from .resources import Queue
from .resources.new_task import JSON

_FRAME: dict[str, Any] = {"metavar": "NAME"}
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "queues": {"--location": {}, "--df": _FRAME},
    "tasks": {"--full": {"action": "store_true"}, "--limit": {"type": int, "metavar": "N"}, "--df": _FRAME},
    "why": {"--task": {"metavar": "TASK_ID"}, "--deep": {"action": "store_true"}, "--df": _FRAME},
    "pause": {},
    "resume": {},
    "help": {},
    "ct_task": {
        "--url": {},
        "--method": {},
        "--header": {"action": "append", "default": [], "metavar": '"NAME: VALUE"'},
        "--in": {"dest": "schedule", "metavar": "10m"},
        "--tag": {},
        "--id": {"dest": "task_id"},
    },
}
"""The argparse options of each verb. All verbs except `queues` and `help` take the name of a queue."""
VERBS = [verb for verb in OPTIONS if verb != "ct_task"]
WIDTH = 1_000


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n{self.format_usage().strip()}")


def _with_options(parser: _Parser, verb: str) -> _Parser:
    if verb not in ("queues", "help"):
        parser.add_argument("queue")
    for option, told in OPTIONS[verb].items():
        parser.add_argument(option, **told)
    return parser


def _ct_parser() -> _Parser:
    parser = _Parser("%ct", add_help=False)
    verbs = parser.add_subparsers(dest="verb", parser_class=_Parser)
    for verb in VERBS:
        _with_options(verbs.add_parser(verb, add_help=False), verb)
    return parser


@magics_class
class CloudTasksMagics(Magics):  # type: ignore[misc]
    """The magics of one shell. Each call looks for the client among the shell's variables."""

    @line_magic  # type: ignore[untyped-decorator]
    def ct(self, line: str) -> Any:
        """Show the client, queues and tasks; explain why a queue or a task is stuck; pause and resume.

        %ct                                               the client
        %ct queues [--location LOCATION] [--df NAME]      queues, also as a DataFrame in the variable NAME
        %ct tasks QUEUE [--full] [--limit N] [--df NAME]  tasks of a queue; --full: with payloads; --limit: the first N
        %ct why QUEUE [--deep] [--df NAME]                why a queue is stuck, slow or failing
        %ct why QUEUE --task TASK_ID                      why a task has not run, or how it ended
        %ct pause QUEUE                                   stops dispatching
        %ct resume QUEUE                                  dispatches again
        %ct help                                          these lines, and those of %%ct_task
        """
        said = _parsed(_ct_parser(), line)
        if said.verb == "help":
            print(f"{getdoc(self.ct)}\n\n{getdoc(self.ct_task)}")
            return None
        if getattr(said, "df", None) is not None:
            self._check_name(said.df)
        name, client = self._client()
        match said.verb:
            case None:
                return self._run(name, client, [])
            case "queues":
                arguments = _arguments(said.location)
                return self._listing(name, client, [("queues", *arguments)], said.df, None)
            case "tasks":
                calls = [
                    ("queue", (said.queue,), {}),
                    ("tasks", *_arguments(view="FULL" if said.full else None)),
                ]
                return self._listing(name, client, calls, said.df, said.limit)
            case "why":
                return self._why(name, client, said)
            case verb:
                return self._run(name, client, [("queue", (said.queue,), {}), (verb, (), {})])

    @line_cell_magic  # type: ignore[untyped-decorator]
    def ct_task(self, line: str, cell: str = "") -> Any:
        """Create a task; the cell is its payload. For JSON, the Content-Type is application/json.

        %%ct_task QUEUE [--url URL] [--method METHOD] [--header "NAME: VALUE"] [--in 10m] [--tag TAG] [--id TASK_ID]

        %ct_task QUEUE […] creates a task without a payload, because IPython rejects a cell magic with an empty cell.

        In the first line IPython replaces {name} and $name by variables. The cell is sent unchanged, because JSON
        contains braces. To send values of variables, use queue.create_task(...): the magic prints that line.
        """
        said = _parsed(_with_options(_Parser("%ct_task", add_help=False), "ct_task"), line)
        payload, headers, schedule = _text(cell), dict(map(_header, said.header)), _delay(said.schedule)
        name, client = self._client()
        queue = client.queue(said.queue)
        if queue.kind != "pull" and _is_json(payload) and "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = JSON
        arguments = _arguments(
            payload,
            url=said.url,
            method=said.method,
            headers=headers or None,
            schedule=schedule,
            tag=said.tag,
            task_id=said.task_id,
        )
        return self._run(f"{name}.queue({said.queue!r})", queue, [("create_task", *arguments)])

    def queue_names(self) -> list[str]:
        """Names of queues in the shell's variables and outputs. Makes no request."""
        held = [*self.shell.user_ns.values(), *self.shell.user_ns.get("Out", {}).values()]
        names: dict[str, None] = {}
        for value in held:
            if isinstance(value, Pager):
                names |= {queue.id: None for queue in value.first_page.items if isinstance(queue, Queue)}
            elif isinstance(value, Queue):
                names[value.id] = None
        return sorted(names)

    def complete(self, shell: Any, event: Any) -> list[str]:
        """Completions for a line of %ct, %ct_task or %%ct_task: verbs, names of queues, options."""
        words = event.text_until_cursor.split()
        before = words if event.text_until_cursor.endswith(" ") else words[:-1]
        if before == ["%ct"]:
            return VERBS
        is_task = before[:1] in (["%ct_task"], ["%%ct_task"])
        verb = "ct_task" if is_task else before[1] if len(before) > 1 else ""
        if verb not in ("queues", "help") and len(before) == (1 if is_task else 2):
            return self.queue_names()
        return list(OPTIONS.get(verb, ()))

    def _client(self) -> tuple[str, Client]:
        """The client and the name of its variable. Errors: ConfigError without a client, or with several."""
        variables = self.shell.user_ns
        found = {
            name: held for name, held in variables.items() if isinstance(held, Client) and name[:1] != "_"
        }
        if "client" in found:
            return "client", found["client"]
        if len({id(held) for held in found.values()}) == 1:
            return next(iter(found.items()))
        if found:
            raise ConfigError(
                f"There are several clients: {', '.join(sorted(found))}.",
                hint="assign the one to use to a variable named client",
            )
        if not any(os.environ.get(variable, "").strip() for variable in EMULATOR_VARIABLES):
            raise ConfigError("No client was found.", hint="client = ct.connect(), or client = ct.local()")
        variables["client"] = connect()
        print("client = ct.connect()")
        return "client", variables["client"]

    def _check_name(self, frame: str) -> None:
        """Raise if a name is not valid for a variable, or if its value would be lost. Errors: UsageError."""
        if not frame.isidentifier() or iskeyword(frame):
            raise UsageError(f"--df {frame}: not a valid variable name")
        held = self.shell.user_ns.get(frame)
        if hasattr(builtins, frame) or frame in self.shell.user_ns_hidden:
            raise UsageError(f"--df {frame}: Python or IPython uses this name; use another name")
        if isinstance(held, Client | Queue | ModuleType):
            raise UsageError(f"--df {frame}: it holds {kind_of(held)}; use another name, or del {frame}")

    def _listing(
        self, name: str, client: Client, calls: list[_Call], frame: str | None, limit: int | None
    ) -> Any:
        if frame is None:
            more: list[_Call] = [("first", (limit,), {})] if limit is not None else []
            return self._run(name, client, [*calls, *more])
        table = self._run(name, client, [*calls, ("to_dataframe", *_arguments(limit=limit))], into=frame)
        self.shell.user_ns[frame] = table
        print(f"# {frame}: {counted(len(table), 'row')}")
        return None

    def _why(self, name: str, client: Client, said: Namespace) -> Any:
        queue: _Call = ("queue", (said.queue,), {"read": False})
        if said.task is None:
            calls = [queue, ("diagnose", *_arguments(deep=said.deep or None))]
            return self._listing(name, client, calls, said.df, None)
        if said.deep or said.df is not None:
            raise UsageError("--deep and --df cannot be used with --task")
        return self._run(name, client, [queue, ("task", (said.task,), {"read": False}), ("explain", (), {})])

    def _run(self, name: str, value: Any, calls: list[_Call], into: str = "") -> Any:
        """Make the calls in order, and print the equivalent line of Python."""
        line = f"{into} = {name}" if into else name
        for method, positional, named in calls:
            given = [_written(part) for part in positional]
            given += [f"{key}={_written(part, key)}" for key, part in named.items()]
            line += f".{method}({', '.join(given)})"
        print(scrub(line))
        for method, positional, named in calls:
            value = getattr(value, method)(*positional, **named)
        return value


_Call = tuple[str, tuple[Any, ...], dict[str, Any]]


def load(shell: Any) -> None:
    """Register the magics and their completion in a shell, and in a notebook error cards below our tracebacks."""
    magics = CloudTasksMagics(shell)
    shell.register_magics(magics)
    for command in ("%ct", "%ct_task", "%%ct_task"):
        shell.set_hook("complete_command", magics.complete, str_key=command)
    if hasattr(shell, "kernel"):  # in a terminal the end of the traceback has the same text
        shell.set_custom_exc((CloudTasksError,), _with_card)


def _with_card(
    shell: Any, kind: type[CloudTasksError], error: CloudTasksError, trace: Any, tb_offset: Any = None
) -> Any:
    """Show the usual traceback, and the error's card below it."""
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    display(error)
    return shell._last_traceback


def _parsed(parser: _Parser, line: str) -> Namespace:
    try:
        return parser.parse_args(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"{error}\n{parser.format_usage().strip()}") from None


def _arguments(*positional: Any, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments of a call, without those that were not given."""
    given = {key: value for key, value in named.items() if value is not None}
    return tuple(value for value in positional if value is not None), given


def _text(cell: str) -> str | None:
    """The cell unchanged; None if it is empty."""
    return cell.removesuffix("\n") if cell.strip() else None


def _is_json(text: str | None) -> bool:
    try:
        return text is not None and json.loads(text, parse_constant=_no_constant) is not ...
    except (ValueError, RecursionError):
        return False


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise UsageError(f'--header {text}: write it as "NAME: VALUE"')
    return name.strip(), value.strip()


def _delay(text: str | None) -> str | None:
    try:
        if text is not None:
            parse_duration(text)
        return text
    except ValueError as error:
        raise UsageError(f"--in {text}: {error}") from None


def _written(value: Any, name: str = "") -> str:
    """A value as Python code: without secrets, and cut if it is very long."""
    if isinstance(value, str) and _is_json(value):
        hidden = redacted(held := json.loads(value))
        value = value if hidden == held else json.dumps(hidden, ensure_ascii=False)
    text = repr(redacted(value, name))
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"
