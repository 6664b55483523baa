"""Writes responses and errors as bytes. Source: SPEC sections 1.5 and 6.1."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ....errors import ApiError
from ....model import Message, Operation, Task, encode
from ..calls.bodies import fields
from ..calls.refusals import BadValues, NoCredential, NotJson
from ..calls.scalars import ENUMS

# Besides the characters that JSON requires, the service writes those as \uXXXX that a browser could act on.
# Only strings can contain these, so they can be replaced in the finished JSON.
_ESCAPED_ASCII = {sign.encode(): f"\\u{ord(sign):04x}".encode() for sign in "<>\x7f"}
_ESCAPED = re.compile(
    "[<>\x7f-\x9f\xad\u0600-\u0603\u06dd\u070f\u17b4\u17b5\u200b-\u200f\u2028-\u202e\u2060-\u2064\u206a-\u206f"
    "\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
_REASONS = {
    "INVALID_ARGUMENT": "badRequest", "FAILED_PRECONDITION": "failedPrecondition", "OUT_OF_RANGE": "outOfRange",
    "UNAUTHENTICATED": "authError", "PERMISSION_DENIED": "forbidden", "NOT_FOUND": "notFound",
    "ALREADY_EXISTS": "alreadyExists", "ABORTED": "aborted", "RESOURCE_EXHAUSTED": "rateLimitExceeded",
    "UNIMPLEMENTED": "notImplemented",
}  # fmt: skip
_BATCH_STATES = {
    "BatchCreateTasksMetadata": {"RUNNING": 1, "SUCCEEDED": 2, "FAILED": 3, "CANCELLED": 4, "PARTIALLY_SUCCEEDED": 5},
    "BatchDeleteTasksMetadata": {"RUNNING": 1, "SUCCEEDED": 2, "PARTIALLY_SUCCEEDED": 3, "FAILED": 4},
}  # fmt: skip


def finish(raw: bytes, *, pretty: bool) -> bytes:
    """Compact JSON, as it is sent."""
    if raw.isascii():
        for sign, escape in _ESCAPED_ASCII.items():
            if sign in raw:
                raw = raw.replace(sign, escape)
    else:
        raw = _ESCAPED.sub(_escape, raw.decode()).encode()
    return msgspec.json.format(raw, indent=2) + b"\n" if pretty else raw


def script(function: str, json: bytes) -> bytes:
    """JSON as a function call for a script. The name may be an invalid one, in its own error."""
    name = finish(msgspec.json.encode(function)[1:-1], pretty=False)
    return b"// API callback\n" + name + b"(" + json + b");"


def _escape(match: re.Match[str]) -> str:
    """One character as a JSON escape; a surrogate pair for characters above U+FFFF."""
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def error_json(error: ApiError, *, legacy: bool = False) -> bytes:
    """The body of an error; `legacy` adds the `errors` list of $.xgafv=1. Errors are always indented."""
    message = error.message.encode(errors="replace").decode()  # it may quote a header that is not UTF-8
    content: dict[str, Any] = {"code": error.code, "message": message}
    if legacy:
        content["errors"] = [_legacy(error, message)]
    content["status"] = error.status
    if error.details:
        content["details"] = error.details
    return finish(encode({"error": content}), pretty=True)


def _legacy(error: ApiError, message: str) -> dict[str, str]:
    if isinstance(error, BadValues):
        return {"message": message, "reason": "invalid"}
    if error.status == "UNAUTHENTICATED":
        missing = isinstance(error, NoCredential)
        return {
            "message": "Login Required." if missing else "Invalid Credentials",
            "domain": "global",
            "reason": "required" if missing else "authError",
            "location": "Authorization",
            "locationType": "header",
        }
    reason = "parseError" if isinstance(error, NotJson) else _REASONS.get(error.status, "backendError")
    return {"message": message, "domain": "global", "reason": reason}


def numbered(values: Any, kind: type[Message]) -> Any:
    """The JSON values of a message with enums as numbers, for `$alt=json;enum-encoding=int`."""
    if isinstance(values, list):
        return [numbered(value, kind) for value in values]
    if not isinstance(values, dict):
        return values
    if kind is Operation:
        return _operation(values)
    known = fields(kind)
    for name, value in values.items():
        field = known.get(name)
        if field is None or field.mapped:
            continue
        if field.name in ENUMS and value in ENUMS[field.name].names:
            values[name] = ENUMS[field.name].names.index(value)
        elif isinstance(field.holds, type) and issubclass(field.holds, Message):
            values[name] = numbered(value, field.holds)
    return values


def _operation(values: dict[str, Any]) -> dict[str, Any]:
    """Replaces the names of enums in an operation, by the types that its @type names."""
    metadata = values.get("metadata", {})
    numbers = _BATCH_STATES.get(metadata.get("@type", "").rpartition(".")[2], {})
    if metadata.get("state") in numbers:
        metadata["state"] = numbers[metadata["state"]]
    if "tasks" in values.get("response", {}):
        values["response"]["tasks"] = numbered(values["response"]["tasks"], Task)
    return values
