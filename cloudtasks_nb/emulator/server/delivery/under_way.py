"""Which attempts were sent and have not been recorded yet?"""

from __future__ import annotations

from ..rules.attempts import Attempt


class UnderWay:
    """Attempts from the moment they are sent until their outcome is on disk."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[int, int, int], Attempt] = {}

    def began(self, attempt: Attempt) -> None:
        """Adds an attempt that is being sent."""
        self._attempts[_key(attempt)] = attempt

    def recorded(self, attempt: Attempt) -> None:
        """Removes an attempt whose outcome is on disk."""
        self._attempts.pop(_key(attempt), None)

    def begin_anew(self) -> None:
        """Removes all."""
        self._attempts.clear()

    def all(self) -> list[Attempt]:
        """The remaining attempts, in the order in which they were sent."""
        return list(self._attempts.values())


def _key(attempt: Attempt) -> tuple[int, int, int]:
    return attempt.queue_row, attempt.task_row, attempt.number
