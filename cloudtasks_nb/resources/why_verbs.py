"""The verbs that explain the state of a queue or a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bound import QueueVerbs

if TYPE_CHECKING:
    from ..diagnosis.diagnosis import Diagnosis


class WhyVerbs(QueueVerbs):
    """The verb that explains the state of a queue."""

    __slots__ = ()

    def diagnose(self, deep: bool = False) -> Diagnosis:
        """Explain why the queue is stuck, slow or failing: a list of findings, worst first. Changes nothing.

        Each finding has a rule, a severity ("blocks", "slows", "warns" or "info"), a sentence, its evidence, a line of
        code that helps, and a source. This reads the queue once and at most three pages of tasks, 1,000 each; if
        needed, it makes one call of Cloud Monitoring or Cloud Logging. The diagnosis has the number of calls, and lists
        the sources that it could not read.

        With deep=True it also reads the project, and the target if it is a Cloud Run service: up to ten more read-only
        calls of other Google APIs. docs/how-to/why.md lists all rules.

        Errors: NotFound, AuthError, TransportError. The diagnosis lists the sources that you may not read.

        Source: REST queues.get and queues.tasks.list.

        Example:
            >>> diagnosis = queue.pause().diagnose()
            >>> diagnosis[0].sentence
            'The queue is PAUSED since ... UTC and holds 5 tasks: no task is sent until queue.resume().'
            >>> diagnosis.to_dataframe()
        """
        from ..diagnosis.gathering import diagnose

        return diagnose(self._queue, deep=deep)
