"""How a person sees that something long goes on: a line that counts, where there is somebody to see it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any


class Silent:
    """Stands in for a progress bar."""

    def update(self, count: int) -> None:
        """Count, and show nothing."""

    def say(self, words: str) -> None:
        """Show nothing."""


def _watched() -> bool:
    if os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):  # which tqdm itself forgets in a notebook
        return False
    return "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())


def is_shown(wanted: bool | None, *, several: bool) -> bool:
    """Whether a bar shows: when `wanted`; by default (None) when there are `several` pages and somebody watches."""
    return wanted if wanted is not None else several and _watched()


def bar(
    what: str,
    noun: str,
    wanted: bool | None,
    *,
    several: bool,
    total: int | None = None,
    estimated: bool = False,
) -> Any:
    """A context manager whose value counts with `update(count)`: how many, how fast, and what is left of `total`.

    It shows when `wanted`; by default (None) when there are `several` pages and a notebook or a terminal.
    """
    if not is_shown(wanted, several=several):
        return nullcontext(Silent())
    if total:
        about = "about " if estimated else ""
        words = "{l_bar}{bar}| {n:,} of " + about + "{total:,} " + noun + ", {rate_fmt}, {remaining} left"
    else:  # there is nothing for a bar to fill
        words = "{desc}: {n:,} " + noun + " in {elapsed}, {rate_fmt}"
    return _to_its_end(
        {"desc": what, "total": total or None, "unit": f" {noun}", "unit_scale": True, "bar_format": words}
    )


@contextmanager
def _to_its_end(options: dict[str, Any]) -> Iterator[Any]:
    """A line of tqdm. What stays of it is text: how it ended, with the total that it came to.

    A notebook that is saved would hold the words of the beginning beside a widget.
    """
    from tqdm.auto import tqdm
    from tqdm.notebook import tqdm as notebook_tqdm

    if not issubclass(tqdm, notebook_tqdm):
        with tqdm(**options) as line:
            yield line
            _complete(line)
        return
    from IPython.display import display

    with tqdm(**options, display=False) as line:
        shown = display(line.container, display_id=True)
        try:
            yield line
            _complete(line)
        finally:
            if shown is not None:
                shown.update({"text/plain": str(line)}, raw=True)
    line.container.close()


def _complete(line: Any) -> None:
    """All was counted: an estimated total was more or less."""
    if " of about " in (line.bar_format or "") and line.n:
        line.total = line.n
        line.bar_format = line.bar_format.replace(" of about ", " of ").replace(", {remaining} left", "")


class _Waiting:
    """A line that says how long something has been going on, and how far it says it is."""

    def __init__(self, line: Any) -> None:
        self._line = line

    def say(self, words: str) -> None:
        self._line.set_postfix_str(words, refresh=False)
        self._line.update(1)


@contextmanager
def _waiting(options: dict[str, Any]) -> Iterator[_Waiting]:
    with _to_its_end(options) as line:
        yield _Waiting(line)


def waiting(what: str, wanted: bool | None, *, done: bool = False) -> Any:
    """A context manager whose value shows what is waited for: `say("RUNNING")` after every look.

    It shows when `wanted`; by default (None) in a notebook or a terminal, and never when all is `done` already.
    """
    if done or not (wanted if wanted is not None else _watched()):
        return nullcontext(Silent())
    return _waiting({"desc": what, "bar_format": "{desc}: {postfix} after {elapsed}"})
