"""Progress bars for long operations, shown in notebooks and terminals."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any


class Silent:
    """A progress bar that shows nothing."""

    def update(self, count: int) -> None:
        """Do nothing."""

    def say(self, words: str) -> None:
        """Show nothing."""


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; a program that only imports ipykernel is not."""
    if "ipykernel" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def _watched() -> bool:
    if os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):  # tqdm ignores it in a notebook
        return False
    return in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def is_shown(wanted: bool | None, *, several: bool) -> bool:
    """Whether to show a bar: as `wanted`; by default (None) for `several` pages in a notebook or a terminal."""
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
    """A context manager that yields a bar. `update(count)` advances it; it shows the count, the rate and the time left.

    It is shown as `wanted`; by default (None) for `several` pages in a notebook or a terminal.
    """
    if not is_shown(wanted, several=several):
        return nullcontext(Silent())
    if total:
        about = "about " if estimated else ""
        words = "{l_bar}{bar}| {n:,} of " + about + "{total:,} " + noun + ", {rate_fmt}, {remaining} left"
    else:  # without a total, it shows only a count
        words = "{desc}: {n:,} " + noun + " in {elapsed}, {rate_fmt}"
    return _to_its_end(
        {"desc": what, "total": total or None, "unit": f" {noun}", "unit_scale": True, "bar_format": words}
    )


def begin_at(shown: Any, count: int) -> None:
    """Show items of an earlier run, which do not count for the rate."""
    if count and not isinstance(shown, Silent):
        shown.n = shown.initial = shown.last_print_n = count
        shown.refresh()


@contextmanager
def _to_its_end(options: dict[str, Any]) -> Iterator[Any]:
    """A tqdm line that is replaced by plain text at the end, with the final total.

    Otherwise a saved notebook would keep the first text beside a widget.
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
    """Show the total as exact, not "about": everything was counted."""
    if " of about " in (line.bar_format or "") and line.n:
        line.total = line.n
        line.bar_format = line.bar_format.replace(" of about ", " of ").replace(", {remaining} left", "")


class _Waiting:
    """A line that shows the elapsed time and the latest state."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._what = line.desc

    def say(self, words: str) -> None:
        self._line.set_description_str(f"{self._what}: {words}", refresh=False)
        self._line.update(1)


@contextmanager
def _waiting(options: dict[str, Any]) -> Iterator[_Waiting]:
    with _to_its_end(options) as line:
        yield _Waiting(line)


def waiting(what: str, wanted: bool | None, *, done: bool = False) -> Any:
    """A context manager for a wait. Call `say("RUNNING")` on its value after every poll.

    It is shown as `wanted`; by default (None) in a notebook or a terminal. It is never shown if all is `done` already.
    """
    if done or not (wanted if wanted is not None else _watched()):
        return nullcontext(Silent())
    return _waiting({"desc": what, "bar_format": "{desc} after {elapsed}"})
