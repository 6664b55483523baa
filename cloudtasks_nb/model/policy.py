"""IAM policies on a queue. Source: SPEC section 7."""

from __future__ import annotations

from .json import Message


class Expr(Message):
    """A condition in Common Expression Language."""

    expression: str = ""
    title: str = ""
    description: str = ""
    location: str = ""


class Binding(Message):
    """Members that hold a role, on a condition where one is set."""

    role: str = ""
    members: list[str] = []
    condition: Expr | None = None


class Policy(Message):
    """Who may do what. `etag` (base64) guards against concurrent changes."""

    version: int = 0
    bindings: list[Binding] = []
    etag: str = ""
