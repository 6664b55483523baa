"""Merges the notes of one commit that repeat each other. Pure.

A commit may hold a thousand calls: each notes its call, and how the queue grew or shrank.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Note = tuple[Any, ...]

MINUTE_US = 60_000_000
_OF_ALL_BEFORE = frozenset(("level", "move"))  # earlier notes of the same queue must be posted before these


def gathered(notes: Iterable[Note]) -> list[Note]:
    """Counts equal calls within a minute, and sums a queue's growth within a minute with its maximum.

    Posting the merged notes gives the same counters as posting `notes`.

    >>> gathered([("called", "q", "ListTasks", "ok", 5), ("called", "q", "ListTasks", "ok", 9)])
    [('called', 'q', 'ListTasks', 'ok', 5, 2)]
    >>> gathered([("grew", "q", 1, 5), ("grew", "q", 1, 6), ("grew", "q", -1, 7)])
    [('grew', 'q', 1, 5, 2)]
    """
    found: list[Note] = []
    calls: dict[Note, int] = {}
    growths: dict[str, int] = {}
    for note in notes:
        what = note[0]
        if what == "called":
            key = (*note[1:4], note[4] // MINUTE_US)
            at = calls.setdefault(key, len(found))
            if at == len(found):
                found.append((*note[:5], 0))
            found[at] = (*found[at][:5], found[at][5] + (note[5] if len(note) > 5 else 1))
        elif what == "grew":
            at = growths.get(note[1], -1)
            if at >= 0 and found[at][3] // MINUTE_US == note[3] // MINUTE_US:
                found[at] = _sum(found[at], note)
            else:
                growths[note[1]] = len(found)
                found.append(_sum((*note[:2], 0, note[3], None), note))
        else:
            found.append(note)
            if what in _OF_ALL_BEFORE:
                calls.clear()
                growths.clear()
    return found


def _sum(before: Note, more: Note) -> Note:
    """Adds two growths, one after the other. The maximum depth in between counts, too."""
    by, most = more[2], more[4] if len(more) > 4 else more[2]
    highest = before[2] + most if before[4] is None else max(before[4], before[2] + most)
    return (*before[:2], before[2] + by, before[3], highest)
