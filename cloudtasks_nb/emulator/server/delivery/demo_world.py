"""The targets of the demo: they do not exist, so this file makes up their responses. No request leaves this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..rules.attempts import Attempt, Outcome, answered, timed_out

FAILING = 36  # of the webhooks
FIRST_ORDER = 4000
_ANSWERING = {"mail.example.com", "collector.example.com", "billing.example.com", "translate.example.com"}
_WEBHOOKS = "hooks.example.net"


def answer(attempt: Attempt) -> Outcome | None:
    """The response of a demo target; None for any other target."""
    request = attempt.task.http_request
    host = (urlsplit(request.url).hostname or "") if request is not None else ""
    if host in _ANSWERING:
        return answered(200)
    return webhook(attempt.task.id) if host == _WEBHOOKS else None


def webhook(task_id: str) -> Outcome:
    """Most receivers of webhooks fail, each with a different error."""
    digits = task_id.rpartition("-")[2]
    number = int(digits) - FIRST_ORDER if digits.isdecimal() else FAILING
    if not 0 <= number < FAILING:
        return answered(200)
    failure = (503, 500, 404, 429, 502, None)[number % 6]
    return timed_out() if failure is None else answered(failure)
