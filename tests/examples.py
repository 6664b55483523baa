"""How many examples a property test tries."""

from __future__ import annotations

import os

SHARE = float(os.environ.get("EXAMPLES_SHARE", "1"))  # .ci/pythons --ends sets it


def examples(number: int) -> int:
    """This number, or a share of it if another run of the same tests tries all of them."""
    return max(1, round(number * SHARE))
