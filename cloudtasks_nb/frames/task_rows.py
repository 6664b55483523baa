"""What a table needs of a task, read with the least work: instants stay text, headers stay JSON until looked at.

A listing of a million tasks goes through here; `model.task` is what a person handles.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..model.json import Int32, decode


class Row(msgspec.Struct, rename="camel", gc=False):
    """Fields that a table shows; the rest of the JSON is passed over."""


class StatusRow(Row):
    code: Int32 = 0
    message: str = ""


class AttemptRow(Row):
    schedule_time: str | None = None
    dispatch_time: str | None = None
    response_time: str | None = None
    response_status: StatusRow | None = None


class AttemptsRow(Row):
    attempt_dispatch_count: Int32 = 0
    attempt_response_count: Int32 = 0
    first_attempt_status: AttemptRow | None = None
    last_attempt_status: AttemptRow | None = None


class RequestRow(Row):
    """An HTTP or an App Engine request: their fields differ only in name."""

    url: str = ""
    relative_url: str = ""
    http_method: str = ""
    headers: msgspec.Raw = msgspec.Raw()
    body: bytes | None = None
    payload: bytes | None = None


class MessageRow(Row):
    payload: bytes | None = None
    tag: str = ""


class TaskRow(Row):
    name: str = ""
    http_request: RequestRow | None = None
    app_engine_http_request: RequestRow | None = None
    pull_message: MessageRow | None = None
    schedule_time: str | None = None
    create_time: str | None = None
    status: AttemptsRow | None = None
    view: str = ""

    @property
    def payload(self) -> bytes | None:
        """The payload; None unless the task was read with view FULL."""
        if self.http_request is not None:
            held = self.http_request.body
        elif (holder := self.app_engine_http_request or self.pull_message) is not None:
            held = holder.payload
        else:
            return None  # a pull task, of which this version shows nothing
        return b"" if held is None and self.view == "FULL" else held


class _Page(Row):
    tasks: list[TaskRow] = []


def read_tasks(raw: bytes) -> Sequence[TaskRow]:
    """The tasks of a page. Errors: DecodeError."""
    return decode(raw, _Page).tasks
