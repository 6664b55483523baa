"""Many tasks at once: bounded, paced, repeated where it is safe, and all accounted for."""

from .result import BulkResult

__all__ = ["BulkResult"]
