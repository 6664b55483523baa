"""How a person sees that something long goes on: a line that counts, where there is somebody to see it."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any


class Silent:
    """Stands in for a progress bar."""

    def update(self, count: int) -> None:
        """Count, and show nothing."""


def bar(what: str, noun: str, wanted: bool | None, *, several: bool) -> Any:
    """A context manager whose value counts with `update(count)`.

    It shows when `wanted`; by default (None) when there are `several` pages and a notebook or a terminal.
    """
    watched = "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty())
    if not (wanted if wanted is not None else several and watched):
        return nullcontext(Silent())
    from tqdm.auto import tqdm

    # The service does not say how many there are, so there is nothing for a bar to fill.
    words = "{desc}: {n_fmt} " + noun + " in {elapsed} ({rate_fmt})"
    return tqdm(desc=what, unit=f" {noun}", unit_scale=True, bar_format=words)
