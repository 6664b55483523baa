"""Request bodies of the contract tests."""

from __future__ import annotations

import base64

from tests.contract.driver import Json


def http_task(**request: object) -> Json:
    return {"httpRequest": {"url": "https://example.com/work", **request}}


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()
