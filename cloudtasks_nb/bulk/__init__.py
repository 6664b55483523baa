"""Bulk calls: bounded, paced, retried where that is safe, with an outcome for every item."""

from .result import BulkResult

__all__ = ["BulkResult"]
