"""local(): start the embedded emulator in its own process, and return a Client for it."""

from __future__ import annotations

import os
import subprocess
import weakref
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Literal

from ..arguments import check, check_text
from ..client import Client
from ..connecting import EMULATOR_LOCATION, EMULATOR_PROJECT, emulator_in_environment
from ..errors import CloudTasksError, ConfigError
from ..model.json import utc
from ..model.versions import Spoken, check_version
from ..rest.auth import Auth, token_auth
from ..rest.session import Session
from ..user_paths import check_names_file, full_path
from .running import start, stop

OWNER = "user:owner@example.com"
_OWNER_ROLES = ("roles/owner", "roles/iam.serviceAccountUser")

_emulators: weakref.WeakValueDictionary[str, subprocess.Popen[str]] = (
    weakref.WeakValueDictionary()
)  # by data file


def local(
    data: str | os.PathLike[str] | None = None,
    *,
    demo: bool = False,
    dispatch: bool = True,
    dead_letter: bool = False,
    clock: Literal["system", "manual"] | datetime | str = "system",
    allow_targets: Sequence[str] = (),
    app_engine: str | Mapping[str, str] | None = None,
    app_engine_location: str | None = None,
    api_version: Spoken = "auto",
    enforce_iam: bool = False,
    read_only: bool = False,
) -> Client:
    """Start an emulator and return its client: no account, no network, project "local", location "us-central1".

    `data` names a file that keeps queues and tasks across restarts; without it, or with ":memory:", they are lost at
    the end. `demo` creates example queues and tasks; the emulator responds for their targets. Without other options,
    `demo` connects to the demo emulator at CLOUD_TASKS_EMULATOR_HOST if one runs there: `make demo` starts one.

    With dispatch=False push tasks are not sent automatically, only by task.run(). `dead_letter` keeps the tasks that
    failed their last attempt: queue.given_up() lists them. A `clock` that is "manual", or a start time, stands still
    until client.emulator.advance("2h") moves it.

    Deliveries stay on this machine, except for targets in `allow_targets`: `"example.com"`, `"*.example.com"`,
    `"https://example.com/hooks/*"`. App Engine tasks go to the local application `app_engine`, or to one for each
    service: `{"default": "http://localhost:8080", "worker": "http://localhost:8081"}`. `app_engine_location` is the
    location of App Engine and of the queues of an uploaded queue.yaml; it defaults to us-central1.

    With `enforce_iam` the emulator checks IAM permissions: the client itself is the owner, and
    `ct.connect(project="local", endpoint=client.endpoint, access_token="ada@example.com")` has the permissions that
    policies grant.

    client.close(), or the end of this Python process, stops the emulator. It serves all versions of the API at once;
    `api_version` and `read_only` work as in ct.connect().

    Errors: ConfigError when it does not start; MissingExtra without the extra "local".

    Example:
        >>> with ct.local() as client:
        ...     client.create_queue("emails")
    """
    check(local, locals())
    check_version(api_version)
    asked = allow_targets or app_engine or app_engine_location or enforce_iam or dead_letter
    usual = data is None and dispatch and clock == "system" and not asked
    if demo and usual and (running := _running_demo(api_version)) is not None:
        running._session.read_only = read_only
        return running
    if data == ":memory:":  # SQLite's name for a database without a file
        data = None
    if data is not None:
        check_names_file(data)
    file = None if data is None else str(full_path(data))
    _check_free(file)
    options = [] if file is None else ["--data", file]
    options += ["--demo"] if demo else []
    options += [] if dispatch else ["--no-dispatch"]
    options += ["--dead-letter"] if dead_letter else []
    options += ["--clock", *_clock(clock)]
    options += [f"--allow-target={pattern}" for pattern in _texts("allow_targets", allow_targets)]
    options += [f"--app-engine={word}" for word in _texts("app_engine", _applications(app_engine))]
    options += [f"--app-engine-location={app_engine_location}"] if app_engine_location else []
    if enforce_iam:
        options += ["--enforce-iam", *(f"--grant={role}={OWNER}" for role in _OWNER_ROLES)]
    process, url = start(options)
    try:
        if file is not None:
            _emulators[file] = process
        auth = token_auth(OWNER, account=OWNER.partition(":")[2]) if enforce_iam else Auth()
        session = Session(url, auth, api_version=api_version)
        # Stop the emulator, too, when nothing refers to the session any more (queues and tasks do), or Python exits.
        # The emulator notices by itself when Python is killed.
        weakref.finalize(session, _stop_own, process, os.getpid())
        client = Client(
            session,
            EMULATOR_PROJECT,
            EMULATOR_LOCATION,
            on_close=partial(_stop_own, process, os.getpid()),
            is_served=lambda: process.poll() is None,
        )
        client.emulator.refresh()
        session.read_only = read_only
    except BaseException:  # Ctrl-C, for example
        stop(process)
        raise
    return client


def _stop_own(process: subprocess.Popen[str], parent: int) -> None:
    """Stop an emulator, but not in a forked child, which closes only its copy of the client."""
    if os.getpid() == parent:
        stop(process)


def _running_demo(api_version: Spoken) -> Client | None:
    """A client of the demo emulator that the environment names, as `make demo` sets it; None if none runs there."""
    url = emulator_in_environment()
    if url is None:
        return None
    client = Client(Session(url, Auth(), api_version=api_version), EMULATOR_PROJECT, EMULATOR_LOCATION)
    try:
        info = client.emulator.refresh().info
    except CloudTasksError:
        info = None
    if info is not None and info.demo:
        return client
    client.close()
    return None


def _check_free(file: str | None) -> None:
    """Raise when this Python process already uses the file, as when a cell runs again."""
    running = _emulators.get(file) if file is not None else None
    if running is not None and running.poll() is None:
        raise ConfigError(
            f"{file} is in use by another client of this Python.",
            hint="use that client, or close it with client.close()",
        )


def _clock(clock: str | datetime) -> list[str]:
    if clock in ("system", "manual"):
        return [str(clock)]
    try:
        start = clock if isinstance(clock, datetime) else datetime.fromisoformat(clock)
        return ["manual", utc(start).isoformat()]
    except (OverflowError, TypeError, ValueError):
        hint = 'use "system", "manual", or a start time (a datetime or ISO text)'
        raise ConfigError(f"clock={clock!r} is not valid.", hint=hint) from None


def _texts(name: str, values: Iterable[str]) -> Iterable[str]:
    for value in values:
        check_text(name, value)
        yield value


def _applications(app_engine: str | Mapping[str, str] | None) -> list[str]:
    if isinstance(app_engine, Mapping):
        return [f"service={service},{url}" for service, url in app_engine.items()]
    return [app_engine] if app_engine is not None else []
