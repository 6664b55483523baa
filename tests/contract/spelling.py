"""Converts JSON of v2beta2 to the names of v2beta3 and v2, and back; independent of the package's own table."""

from __future__ import annotations

import re
from typing import Any

NAMES = {
    "maxTasksDispatchedPerSecond": "maxDispatchesPerSecond",
    "maxConcurrentTasks": "maxConcurrentDispatches",
    "relativeUrl": "relativeUri",
    "app_engine_http_target": "app_engine_http_queue",
    "appEngineHttpTarget": "appEngineHttpQueue",
}
ATTEMPTS = {
    "attemptDispatchCount": "dispatchCount",
    "attemptResponseCount": "responseCount",
    "firstAttemptStatus": "firstAttempt",
    "lastAttemptStatus": "lastAttempt",
}


def later(value: Any, version: str) -> Any:
    """Convert resources, field masks and filters; return other values unchanged."""
    if isinstance(value, str):
        return re.sub(r"(?<![/\w])\w+(?![/\w])", lambda word: NAMES.get(word[0], word[0]), value)
    if isinstance(value, list):
        return [later(item, version) for item in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for name, held in value.items():
        match name, version:
            case "status", _:
                out |= {ATTEMPTS[inner]: later(one, version) for inner, one in held.items()}
            case "unlimitedAttempts", _:
                out["maxAttempts"] = -1
            case "pullTarget", "v2beta3":
                out["type"] = "PULL"
            case "appEngineHttpTarget", "v2":
                out |= held
            case "appEngineHttpRequest", _:
                body = {"body" if key == "payload" else key: one for key, one in held.items()}
                out[name] = later(body, version)
            case _:
                out[NAMES.get(name, name)] = later(held, version) if isinstance(held, dict | list) else held
    return out


def earlier(value: Any, version: str) -> Any:
    """The reverse of `later`."""
    if isinstance(value, list):
        return [earlier(item, version) for item in value]
    if not isinstance(value, dict):
        return value
    old, attempts = {new: name for name, new in NAMES.items()}, {new: name for name, new in ATTEMPTS.items()}
    out: dict[str, Any] = {}
    for name, held in value.items():
        if name in attempts:
            out.setdefault("status", {})[attempts[name]] = earlier(held, version)
        elif (name, held) == ("maxAttempts", -1):
            out["unlimitedAttempts"] = True
        elif name == "type" and held in ("PULL", "PUSH"):
            out |= {"pullTarget": {}} if held == "PULL" else {}
        elif name == "appEngineHttpRequest":
            body = {"payload" if key == "body" else key: one for key, one in held.items()}
            out[name] = earlier(body, version)
        else:
            out[old.get(name, name)] = earlier(held, version)
    return out


def earlier_text(message: str) -> str:
    """The message of an error, with the names of v2beta2."""
    for name, new in NAMES.items():
        message = message.replace(f".{new} ", f".{name} ")
    return message.replace(".relative_uri ", ".relative_url ")
