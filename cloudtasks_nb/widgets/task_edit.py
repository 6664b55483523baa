"""The form that edits a task, and the arguments that create the changed copy. (pure)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from ..model import Task
from ..redact import DOTS, redacted, scrub, scrub_lines
from ..render.values import size
from .action import Refused
from .cells import instant

CHARACTERS_EDITED = 200_000

_SET_BY_THE_SERVICE = ("host", "content-length", "user-agent")
_SET_BY_THE_SERVICE_PREFIXES = ("x-google-", "x-appengine-", "x-cloudtasks-")


def edit_form(task: Task) -> dict[str, Any]:
    """The editable fields of a task that was read with view FULL, secrets redacted."""
    text, kept = _payload_text(task.payload or b"")
    return {
        "id": task.id,
        "kind": task.kind,
        "url": scrub(task.url or ""),
        "method": task.method or "",
        "headers": [[name, redacted(value, name)] for name, value in own_headers(task).items()],
        "tag": task.tag or "",
        "schedule": instant(task.schedule_time),
        "payload": text,
        "kept": kept,
    }


class Changes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The changed fields of the new task; None keeps the old value. `schedule` as in `create_task`."""

    payload: Any = None
    url: str | None = None
    method: str | None = None
    headers: dict[str, str] | None = None
    tag: str | None = None
    schedule: Any = None

    @classmethod
    def of(cls, given: object) -> Changes:
        """Validate a dict of changes. Errors: Refused for an unknown field or a wrong type."""
        try:
            return msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            raise Refused(
                f"Nothing was created: {error}.", hint=f"fields are {', '.join(cls.__struct_fields__)}"
            ) from error


def creation(task: Task, changes: Changes) -> dict[str, Any]:
    """The arguments of `create_task` for a task like this one, with the changes.

    A URL or header value whose secret is still redacted, as in the form, keeps its old value.
    """
    given: dict[str, Any] = {
        "payload": task.payload
        if changes.payload is None
        else _payload(changes.payload, task.payload or b""),
        "schedule": task.schedule_time if changes.schedule is None else changes.schedule,
        "retry_config": task.retry_config,
        "dispatch_deadline": task.dispatch_deadline,
    }
    if task.pull_message is not None:
        return {**given, "tag": task.tag if changes.tag is None else changes.tag or None}
    where = task.url if changes.url in (None, scrub(task.url or "")) else changes.url
    given |= {
        "method": changes.method or task.method,
        "headers": own_headers(task) if changes.headers is None else _with_secrets(changes.headers, task),
    }
    if task.app_engine_http_request is not None:
        return {**given, "relative_url": where, "routing": task.app_engine_http_request.app_engine_routing}
    request = task.http_request
    tokens = {} if request is None else {"oidc_token": request.oidc_token, "oauth_token": request.oauth_token}
    return {**given, "url": where, **tokens}


def own_headers(task: Task) -> dict[str, str]:
    """The headers of a task without those that the service sets, such as Content-Length."""
    return {
        name: value
        for name, value in task.headers.items()
        if name.lower() not in _SET_BY_THE_SERVICE
        and not name.lower().startswith(_SET_BY_THE_SERVICE_PREFIXES)
    }


def _with_secrets(headers: Mapping[str, str], task: Task) -> dict[str, str]:
    """The typed headers; a value that is still redacted, as in the form, becomes the task's own value."""
    known = {name.lower(): value for name, value in task.headers.items()}
    return {
        name: known[name.lower()]
        if DOTS in value and name.lower() in known and value == redacted(known[name.lower()], name)
        else value
        for name, value in headers.items()
    }


def _payload_text(data: bytes) -> tuple[str | None, str]:
    """A payload to edit (indented JSON, secrets redacted), or None; and a note about it."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None, f"binary, {size(len(data))}: kept as it is"
    if len(text) > CHARACTERS_EDITED:
        return None, f"{size(len(data))}, too long to edit here: kept as it is"
    try:
        value = json.loads(text)
        hidden = redacted(value)
        if hidden != value:
            return json.dumps(
                hidden, indent=2, ensure_ascii=False
            ), f"{DOTS} replaces a secret, which is kept"
        return (msgspec.json.format(text, indent=2) if isinstance(value, dict | list) else text), ""
    except (ValueError, RecursionError):
        pass
    return (text, "") if scrub_lines(text) == text else (None, "contains a secret: kept as it is")


def _payload(edited: Any, data: bytes) -> Any:
    """The typed payload, with its dots replaced by the secrets."""
    if not isinstance(edited, str) or DOTS not in edited:
        return edited
    try:
        typed, before = json.loads(edited), json.loads(data)
        whole = _restored(typed, before)
        return edited if whole == typed else json.dumps(whole, ensure_ascii=False)
    except (ValueError, RecursionError):
        return edited


def _restored(typed: Any, before: Any, name: str = "") -> Any:
    if typed == redacted(before, name):
        return before
    if isinstance(typed, dict) and isinstance(before, dict):
        return {
            key: _restored(value, before[key], key) if key in before else value
            for key, value in typed.items()
        }
    if isinstance(typed, list) and isinstance(before, list):
        pairs = zip(typed, before, strict=False)
        return [_restored(value, old) for value, old in pairs] + typed[len(before) :]
    return typed
