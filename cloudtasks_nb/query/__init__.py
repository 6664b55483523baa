"""The query language of tasks: `is:due code:503,429 payload.total>100 -tag:red ada`. For code and panels."""

from .query import Query

__all__ = ["Query"]
