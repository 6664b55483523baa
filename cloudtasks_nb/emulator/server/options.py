"""How an emulator was asked to run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from ...model.emulated import Faults
from ...model.roles import ROLES
from .rules.app_engine import AppEngine
from .rules.identity import MEMBERS, member


class Options(Struct, frozen=True, kw_only=True):
    """What the command line says. `port` 0 picks a free one; `data` None keeps everything in memory.

    `clock_start`: the time at which a clock that is moved by hand begins; None for the machine's clock.
    `enforce_iam`: refuse who does not say who calls, or may not. `grants`: roles and who holds them in every project.
    `oauth_clients`: ids and secrets of the applications that may sign people in; none stands for any.
    `allow_targets`: patterns of targets on other machines that deliveries may go to.
    """

    port: int = 0
    data: Path | None = None
    with_demo: bool = False
    lifeline: bool = False
    dispatch: bool = True
    clock_start: datetime | None = None
    allow_targets: tuple[str, ...] = ()
    app_engine: AppEngine = AppEngine()
    enforce_iam: bool = False
    grants: tuple[tuple[str, str], ...] = ()
    oauth_clients: tuple[tuple[str, str], ...] = ()
    faults: Faults = msgspec.field(default_factory=Faults)


def clock_start(words: list[str]) -> datetime | None:
    """What `--clock system`, `--clock manual` or `--clock manual START` mean. Errors: ValueError.

    >>> clock_start(["manual", "2026-03-01T12:00Z"])
    datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)
    """
    match words:
        case ["system"]:
            return None
        case ["manual"]:
            return datetime.now(UTC).replace(microsecond=0)
        case ["manual", start]:
            try:
                return datetime.fromisoformat(start).astimezone(UTC)
            except (ValueError, OverflowError):
                raise ValueError(f"{start!r} is no instant such as 2026-03-01T12:00:00Z") from None
    raise ValueError("expected 'system', 'manual', or 'manual' and an instant such as 2026-03-01T12:00:00Z")


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
        raise ValueError(f"{who!r} is no member such as user:ada@example.com or domain:example.com")
    return role, named or who


def oauth_client(text: str) -> tuple[str, str]:
    """What `--oauth-client ID=SECRET` means. Errors: ValueError."""
    client, _, secret = text.partition("=")
    if not client or not secret:
        raise ValueError(f"{text.partition('=')[0]!r} is not ID=SECRET")
    return client, secret
