"""Errors as the API answers them. Source: SPEC section 6.1."""

from __future__ import annotations

from typing import Any

from ....errors import ApiError
from ....model import encode
from ..calls.refusals import BadValues, NoCredential, NotJson
from .wire import finish

_REASONS = {
    "INVALID_ARGUMENT": "badRequest", "FAILED_PRECONDITION": "failedPrecondition", "OUT_OF_RANGE": "outOfRange",
    "UNAUTHENTICATED": "authError", "PERMISSION_DENIED": "forbidden", "NOT_FOUND": "notFound",
    "ALREADY_EXISTS": "alreadyExists", "ABORTED": "aborted", "RESOURCE_EXHAUSTED": "rateLimitExceeded",
    "UNIMPLEMENTED": "notImplemented",
}  # fmt: skip


def error_json(error: ApiError, *, legacy: bool = False) -> bytes:
    """The body of a refusal; `legacy` adds the `errors` list of $.xgafv=1. Errors are always indented."""
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
