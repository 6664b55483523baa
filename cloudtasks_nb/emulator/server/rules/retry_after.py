"""How long a target asked to be left alone. Pure. Source: SPEC section 5.2."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=1)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta:
    """From the Retry-After header of an answer, seconds or a date; nothing when there is none, or none that is read.

    A date is meant by the clock of its sender, so it is compared with the Date of the same answer, where it has one.

    >>> retry_after({"Retry-After": "120"}, datetime.now(UTC)).total_seconds()
    120.0
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        asked = timedelta(seconds=min(int(value[:12]), LONGEST.total_seconds()))
    else:
        moment = _date(value)
        asked = moment - (_date(headers.get("Date", "")) or now) if moment is not None else timedelta()
    return max(timedelta(), min(asked, LONGEST))


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
