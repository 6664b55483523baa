"""Which attempts were sent and have not been recorded yet?"""

from __future__ import annotations

from ..rules.attempts import Attempt


class UnderWay:
    """Attempts from the moment in which they are sent until how they ended is on disk."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[int, int, int], Attempt] = {}

    def began(self, attempt: Attempt) -> None:
        """An attempt is on its way."""
        self._attempts[_key(attempt)] = attempt

    def recorded(self, attempt: Attempt) -> None:
        """How it ended is on disk."""
        self._attempts.pop(_key(attempt), None)

    def begin_anew(self) -> None:
        """Forget all of them."""
        self._attempts.clear()

    def all(self) -> list[Attempt]:
        """Those that are left, in the order in which they were sent."""
        return list(self._attempts.values())


def _key(attempt: Attempt) -> tuple[int, int, int]:
    return attempt.queue_row, attempt.task_row, attempt.number
