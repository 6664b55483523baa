"""The verbs that say why: of a queue, and of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bound import QueueVerbs

if TYPE_CHECKING:
    from ..diagnosis.diagnosis import Diagnosis


class WhyVerbs(QueueVerbs):
    """Why a queue does what it does."""

    __slots__ = ()

    def diagnose(self, deep: bool = False) -> Diagnosis:
        """Why it is stuck, slow or failing: findings in words, what hurts most first. Nothing is changed.

        Each finding has its rule, a severity ("blocks", "slows", "warns" or "info"), a sentence, the evidence for it, a
        line of code that helps, and a source. It takes one read of the queue and at most three pages of tasks, 1,000
        each; where that leaves something open, one call of Cloud Monitoring or Cloud Logging. The diagnosis says how
        many calls it made, and what it could not look at.

        With deep=True it also reads the project, and the target where that is a service of Cloud Run: up to ten more
        calls of Google's other APIs, which only read. docs/how-to/why.md lists all rules.

        Errors: NotFound, AuthError, TransportError. What may not be read is said in the diagnosis.

        Source: REST queues.get and queues.tasks.list.

        Example:
            >>> diagnosis = queue.pause().diagnose()
            >>> diagnosis[0].sentence
            'The queue is PAUSED since ... UTC and holds 5 tasks: no task is sent until queue.resume().'
            >>> diagnosis.to_dataframe()
        """
        from ..diagnosis.gathering import diagnose

        return diagnose(self._queue, deep=deep)
