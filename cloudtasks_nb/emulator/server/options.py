"""How an emulator was asked to run."""

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
    """What the command line says. `port` 0 picks a free one; `data` None keeps everything in memory.

    `host`: the address that is listened at. `allowed_hosts`: the names under which it is answered beside localhost.
    `queues`, `queue_yaml`, `restores`: what is there from the start. `firebase_queues`: the first task that a Firebase
    SDK sends makes its queue.
    `manual_clock`: time stands still until it is moved. It begins at `clock_start`, by default now, but never before
    it stopped in the file.
    `dead_letter`: keep the tasks that are given up after their last attempt.
    `enforce_iam`: refuse who does not say who calls, or may not. `grants`: roles and who holds them in every project.
    `projects`: the projects that exist; none stands for every project.
    `oauth_clients`: ids and secrets of the applications that may sign people in; none stands for any.
    `app_engine_location`: where App Engine is in every project, and an uploaded queue.yaml goes.
    `allow_targets`: patterns of targets on other machines that deliveries may go to.
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
        """Where queues are that name no project."""
        return self.projects[0] if self.projects else EMULATOR_PROJECT


def clock(words: list[str]) -> tuple[bool, datetime | None]:
    """What `--clock system`, `--clock manual` or `--clock manual START` mean: by hand or not, and where it begins.

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
                raise ValueError(f"{start!r} is not an instant such as 2026-03-01T12:00:00Z") from None
    raise ValueError("expected 'system', 'manual', or 'manual' and an instant such as 2026-03-01T12:00:00Z")


def region(text: str) -> str:
    """What `--app-engine-location LOCATION` means. Errors: ValueError."""
    if text not in REGIONS:
        raise ValueError(f"{text!r} is not one of {', '.join(REGIONS)}")
    return text


def grant(text: str) -> tuple[str, str]:
    """What `--grant ROLE=MEMBER` means. Errors: ValueError.

    >>> grant("roles/cloudtasks.viewer=ada@example.com")
    ('roles/cloudtasks.viewer', 'user:ada@example.com')
    """
    role, _, who = text.partition("=")
    if role not in ROLES:
        raise ValueError(f"{role!r} is not one of {', '.join(ROLES)}")
    named = member(who)
    if named is None and not MEMBERS.fullmatch(who):
        raise ValueError(f"{who!r} is not a member such as user:ada@example.com or domain:example.com")
    return role, named or who


def oauth_client(text: str) -> tuple[str, str]:
    """What `--oauth-client ID=SECRET` means. Errors: ValueError."""
    client, _, secret = text.partition("=")
    if not client or not secret:
        raise ValueError(f"{text.partition('=')[0]!r} is not ID=SECRET")
    return client, secret
