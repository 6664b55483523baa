"""The emulator's options: reads them from the command line and from environment variables."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from .emulator.running import VARIABLES
from .emulator.server.front.fault_injection import read_faults
from .emulator.server.http.hosts import host_name
from .emulator.server.options import EMULATOR_PROJECT, LOOPBACK, Options, clock, grant, oauth_client, region
from .emulator.server.rules.locations import APP_ENGINE_LOCATION
from .emulator.server.rules.queue_words import queue_word
from .emulator.server.rules.targets import app_engine
from .user_paths import names_folder

T = TypeVar("T")

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


class Parser(argparse.ArgumentParser):
    """A parser whose error messages name the environment variable that caused them."""

    source = ""

    def error(self, message: str) -> NoReturn:
        super().error(f"{self.source}{message}")


class EmulatorArguments:
    """Adds the emulator's options to the parser of a command that starts one."""

    def __init__(self, parser: Parser, port: int) -> None:
        """`port`: the default port."""
        self._parser = parser
        self._actions: list[argparse.Action] = []
        self._add_server(port)
        self._add_start()
        self._add_delivery()
        self._add_identity()
        self._add(
            "--lifeline",
            action="store_true",
            help="stop when stdin closes, or the process that started it ends",
        )

    def from_environment(self, environment: Mapping[str, str]) -> list[str]:
        """The environment variables as command line arguments. Ends the program when a value is invalid."""
        words: list[str] = []
        for action in self._actions:
            variable = variable_of(action)
            text = environment.get(variable, "").strip()
            if text:
                self._parser.source = f"{variable}: "
                said = self._words(action, text)
                self._parser.parse_args(said)
                words += said
        self._parser.source = ""
        return words

    def read(self, chosen: argparse.Namespace) -> Options:
        """The options from a parsed command line. Ends the program when options contradict each other."""
        manual_clock, start = self._together("--clock", clock, chosen.clock)
        project = chosen.project[0] if chosen.project else EMULATOR_PROJECT
        if chosen.restore and chosen.enforce_iam:
            self._parser.error(
                "--restore cannot be used with --enforce-iam: no caller has permission to create tasks at the start"
            )
        return Options(
            port=chosen.port,
            host=chosen.host,
            allowed_hosts=tuple(chosen.allowed_host),
            data=chosen.data,
            queues=self._together(
                "--queue", lambda words: tuple(queue_word(word, project) for word in words), chosen.queue
            ),
            queue_yaml=chosen.queue_yaml,
            restores=tuple(chosen.restore),
            firebase_queues=chosen.firebase_queues,
            with_demo=chosen.demo,
            lifeline=chosen.lifeline,
            dispatch=chosen.dispatch,
            dead_letter=chosen.dead_letter,
            manual_clock=manual_clock,
            clock_start=start,
            allow_targets=tuple(chosen.allow_target),
            app_engine=self._together("--app-engine", app_engine, chosen.app_engine),
            app_engine_location=chosen.app_engine_location,
            enforce_iam=chosen.enforce_iam,
            projects=tuple(chosen.project),
            grants=tuple(chosen.grant),
            oauth_clients=tuple(chosen.oauth_client),
            faults=self._together("--fault", read_faults, chosen.fault),
        )

    def _words(self, action: argparse.Action, text: str) -> list[str]:
        option = action.option_strings[0]
        if action.nargs == 0:
            if text.lower() not in _TRUE | _FALSE:
                self._parser.error(f"{text!r} is not valid: use 1 or 0")
            return [option] if text.lower() in _TRUE else []
        if action.nargs == "+":
            return [option, *text.split()]
        return [f"{option}={word}" for word in (text.split() if action.default == [] else [text])]

    def _together(self, option: str, read: Callable[[list[str]], T], words: list[str]) -> T:
        """Reads the values of a repeated option together."""
        try:
            return read(words)
        except ValueError as error:
            self._parser.error(f"{option}: {error}")

    def _add(self, option: str, **how: Any) -> None:
        self._actions.append(self._parser.add_argument(option, **how))

    def _add_many(self, option: str, **how: Any) -> None:
        """An option that may be repeated; its variable holds several words, separated by spaces."""
        self._add(option, action="append", default=[], **{**how, "help": f"{how['help']}; may be repeated"})

    def _add_server(self, port: int) -> None:
        self._add(
            "--port",
            type=_port,
            default=port,
            help="the port to listen on; 0 picks a free one (default: %(default)s)",
        )
        self._add(
            "--host",
            default=LOOPBACK,
            metavar="ADDRESS",
            help="the address to listen on; any other than a loopback address lets everybody in who can reach it; "
            "0.0.0.0 means all addresses (default: %(default)s)",
        )
        self._add_many(
            "--allowed-host",
            type=_said(host_name),
            metavar="NAME",
            help="accept requests for this host name besides localhost (default: the address, this machine's name)",
        )
        self._add("--data", type=_data_file, metavar="FILE", help="keep queues and tasks in this file")
        self._add(
            "--dead-letter",
            action="store_true",
            help="keep tasks that failed their last attempt: queue.given_up() lists them",
        )
        self._add(
            "--clock",
            nargs="+",
            metavar=("system|manual", "START"),
            default=["system"],
            help="'manual' stops the clock at START (default: now) until POST /emulator/v1/clock:advance moves it",
        )
        self._add_many(
            "--fault",
            metavar="NAME=VALUE",
            help="inject faults: exhausted, unavailable, cut_before and cut_after are shares of all calls "
            "(0.1), latency is in seconds; methods=queues.tasks.* selects calls, seed=1 repeats the same faults",
        )

    def _add_start(self) -> None:
        self._add(
            "--demo", action="store_true", help="create example queues and tasks if the emulator is empty"
        )
        self._add_many(
            "--queue",
            metavar="[LOCATION/]ID[=rate=5,...]",
            help="create this queue at the start, in us-central1 by default; settings: rate, "
            "burst, concurrent, attempts, retry_for, min_backoff, max_backoff, doublings, kind, target, paused",
        )
        self._add(
            "--queue-yaml", type=Path, metavar="FILE", help="create the queues of this file at the start"
        )
        self._add_many(
            "--restore",
            type=Path,
            metavar="FILE",
            help="restore the queue and the tasks of this backup at the start, unless the queue exists",
        )
        self._add(
            "--firebase-queues",
            action="store_true",
            help="create the queue of a function when a Firebase SDK sends its first task",
        )

    def _add_delivery(self) -> None:
        self._add_many(
            "--app-engine",
            metavar="[service=NAME,]URL",
            help="send App Engine tasks to this application, either all of them or those of one service",
        )
        self._add(
            "--app-engine-location",
            type=_said(region),
            default=APP_ENGINE_LOCATION,
            metavar="LOCATION",
            help="the location of App Engine in every project, and of the queues of an uploaded queue.yaml "
            "(default: %(default)s)",
        )
        self._add_many(
            "--allow-target",
            metavar="PATTERN",
            help="allow deliveries to such targets outside this machine: example.com, *.example.com, "
            "https://example.com/hooks/*",
        )
        self._add(
            "--no-dispatch",
            dest="dispatch",
            action="store_false",
            help="do not send push tasks automatically; only tasks.run sends them",
        )

    def _add_identity(self) -> None:
        self._add_many(
            "--project",
            metavar="ID",
            help="a project that exists; calls to any other are denied, as for a foreign project "
            "(default: every project exists)",
        )
        self._add(
            "--enforce-iam",
            action="store_true",
            help="deny calls without the IAM permission; a token is an e-mail address, a JWT or one from "
            "/token",
        )
        self._add_many(
            "--grant",
            type=_said(grant),
            metavar="ROLE=MEMBER",
            help="with --enforce-iam: grant a role in every project: roles/owner=ada@example.com",
        )
        self._add_many(
            "--oauth-client",
            type=_said(oauth_client),
            metavar="ID=SECRET",
            help="an application that may sign users in (default: any)",
        )


def variable_of(action: argparse.Action) -> str:
    """The environment variable of an option: CLOUDTASKS_NB_QUEUE_YAML for --queue-yaml."""
    return VARIABLES + action.option_strings[0].removeprefix("--").replace("-", "_").upper()


def _said(read: Callable[[str], T]) -> Callable[[str], T]:
    """Wraps a reader so that argparse shows its ValueError."""

    def shown(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return shown


def _data_file(text: str) -> Path | None:
    if not text or names_folder(text):
        raise argparse.ArgumentTypeError(f"{text!r} does not name a file")
    return None if text == ":memory:" else Path(text)  # SQLite's name for a database without a file


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)
