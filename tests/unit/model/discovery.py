"""The discovery documents in Google's own client, which define each version of the API."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def document(version: str) -> dict[str, Any]:
    documents = files("googleapiclient") / "discovery_cache" / "documents"
    return dict(json.loads((documents / f"cloudtasks.{version}.json").read_text()))


def described(resource: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The methods of a resource and of its nested resources, by id."""
    found = {
        method["id"].removeprefix("cloudtasks."): method for method in resource.get("methods", {}).values()
    }
    for inner in resource.get("resources", {}).values():
        found |= described(inner)
    return found
