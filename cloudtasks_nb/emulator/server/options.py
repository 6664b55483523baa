"""The options of an emulator."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from ...model.emulated import Faults
from ...model.roles import ROLES
from .rules.identity import MEMBERS, member
from .rules.locations import APP_ENGINE_LOCATION, REGIONS
from .rules.queue_words import Asked
from .rules.targets import AppEngine

EMULATOR_PROJECT = "local"
LOOPBACK = "127.0.0.1"


class Options(Struct, frozen=True, kw_only=True):
    """The parsed options of the command line. `port` 0 picks a free one; `data` None keeps everything in memory.

    `host`: the address to listen on. `allowed_hosts`: host names to accept besides localhost.
    `queues`, `queue_yaml`, `restores`: the contents at the start. `firebase_queues`: the first task of a Firebase SDK
    creates its queue.
    `manual_clock`: time stands still until it is moved. It begins at `clock_start`, by default now, but never before
    the time at which it stopped in the file.
    `dead_letter`: keep tasks that failed their last attempt.
    `enforce_iam`: deny calls without a caller or permission. `grants`: roles and their members in every project.
    `projects`: the projects that exist; empty means that every project exists.
    `oauth_clients`: ids and secrets of applications that may sign users in; empty means any.
    `app_engine_location`: the location of App Engine in every project, and of the queues of an uploaded queue.yaml.
    `allow_targets`: patterns of targets on other machines that deliveries may reach.
    """

    port: int = 0
    host: str = LOOPBACK
    allowed_hosts: tuple[str, ...] = ()
    data: Path | None = None
    queues: tuple[Asked, ...] = ()
    queue_yaml: Path | None = None
    restores: tuple[Path, ...] = ()
    firebase_queues: bool = False
    with_demo: bool = False
    lifeline: bool = False
    dispatch: bool = True
    dead_letter: bool = False
    manual_clock: bool = False
    clock_start: datetime | None = None
    allow_targets: tuple[str, ...] = ()
    app_engine: AppEngine = AppEngine()
    app_engine_location: str = APP_ENGINE_LOCATION
    enforce_iam: bool = False
    projects: tuple[str, ...] = ()
    grants: tuple[tuple[str, str], ...] = ()
    oauth_clients: tuple[tuple[str, str], ...] = ()
    faults: Faults = msgspec.field(default_factory=Faults)

    @property
    def project(self) -> str:
        """The project of queues that name none."""
        return self.projects[0] if self.projects else EMULATOR_PROJECT


def clock(words: list[str]) -> tuple[bool, datetime | None]:
    """Parses `--clock system`, `--clock manual` and `--clock manual START` to (manual, start).

    Errors: ValueError.

    >>> clock(["manual", "2026-03-01T12:00Z"])
    (True, datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc))
    """
    match words:
        case ["system"]:
            return False, None
        case ["manual"]:
            return True, None
        case ["manual", start]:
            try:
                return True, datetime.fromisoformat(start).astimezone(UTC)
            except (ValueError, OverflowError):
                raise ValueError(f"{start!r} must be a time such as 2026-03-01T12:00:00Z") from None
    raise ValueError("use 'system', 'manual', or 'manual' and a time such as 2026-03-01T12:00:00Z")


def region(text: str) -> str:
    """Checks the value of `--app-engine-location LOCATION`. Errors: ValueError."""
    if text not in REGIONS:
        raise ValueError(f"{text!r} must be one of {', '.join(REGIONS)}")
    return text


def grant(text: str) -> tuple[str, str]:
    """Parses `--grant ROLE=MEMBER`. Errors: ValueError.

    >>> grant("roles/cloudtasks.viewer=ada@example.com")
    ('roles/cloudtasks.viewer', 'user:ada@example.com')
    """
    role, _, who = text.partition("=")
    if role not in ROLES:
        raise ValueError(f"{role!r} must be one of {', '.join(ROLES)}")
    named = member(who)
    if named is None and not MEMBERS.fullmatch(who):
        raise ValueError(f"{who!r} must be a member such as user:ada@example.com or domain:example.com")
    return role, named or who


def oauth_client(text: str) -> tuple[str, str]:
    """Parses `--oauth-client ID=SECRET`. Errors: ValueError."""
    client, _, secret = text.partition("=")
    if not client or not secret:
        raise ValueError(f"{text.partition('=')[0]!r} must have the form ID=SECRET")
    return client, secret
