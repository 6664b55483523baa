"""Draw a run over time as a small SVG without script: attempts as bars, the number of tasks below. (pure)

The colours are readable on light and on dark pages, because the picture is the same on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from .shapes import Image
from .values import duration

WIDTH, HEIGHT = 600, 168
_LEFT, _RIGHT = 52, 8
_TOP, _MIDDLE, _BOTTOM = 18, 92, 150
_BARS = 90
_BLOCKS = " ▁▂▃▄▅▆▇█"
_INK, _LINE, _BLUE, _RED = "#7b818a", "#80808059", "#4a86cf", "#dd5a54"


class Step(Struct, frozen=True):
    """A time step: its start, its succeeded and failed attempts, and the depth of the queue."""

    time: datetime
    succeeded: int
    failed: int
    depth: int | None


def trend(steps: Sequence[Step], step: timedelta) -> Image | None:
    """A picture of a run; None if there is nothing to draw."""
    if not any(one.succeeded or one.failed or one.depth for one in steps):
        return None
    size = -(-len(steps) // _BARS)
    held = [_together(steps[at : at + size]) for at in range(0, len(steps), size)]
    return Image("image/svg+xml", _svg(held, step * size).encode(), _sparks(held, step * size), WIDTH)


def _together(steps: Sequence[Step]) -> Step:
    depths = [one.depth for one in steps if one.depth is not None]
    return Step(
        steps[0].time,
        sum(one.succeeded for one in steps),
        sum(one.failed for one in steps),
        max(depths, default=None),
    )


def _sparks(steps: Sequence[Step], step: timedelta) -> str:
    most = max(one.succeeded + one.failed for one in steps)
    blocks = "".join(_BLOCKS[_part(one.succeeded + one.failed, most, len(_BLOCKS) - 1)] for one in steps)
    return f"attempts in {duration(step)} each, at most {most:,}: {blocks}"


def sparks(values: Sequence[int], most: int) -> str:
    """Numbers as a line of at most `most` blocks. Each block shows the largest number of its step."""
    size = max(1, -(-len(values) // most))
    held = [max(values[at : at + size]) for at in range(0, len(values), size)]
    return "".join(_BLOCKS[_part(one, max(held), len(_BLOCKS) - 1)] for one in held)


def _part(value: int, most: int, of: int) -> int:
    """`value` of `most`, scaled to `of` parts: at least one part for anything above 0."""
    return -(-value * of // most) if most else 0


def _svg(steps: Sequence[Step], step: timedelta) -> str:
    wide = (WIDTH - _LEFT - _RIGHT) / len(steps)
    most = max(one.succeeded + one.failed for one in steps)
    deepest = max((one.depth or 0 for one in steps), default=0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="system-ui,sans-serif" font-size="11" fill="{_INK}">',
        _legend(step),
        _scale(_TOP, _MIDDLE - 14, most, "attempts"),
        _scale(_MIDDLE, _BOTTOM, deepest, "tasks"),
        *(_bar(one, _LEFT + at * wide, wide, most) for at, one in enumerate(steps)),
        *_areas(steps, wide, deepest),
        *_clock(steps, step),
        "</svg>",
    ]
    return "".join(parts)


def _legend(step: timedelta) -> str:
    return (
        f'<text x="{_LEFT}" y="11">attempts in {duration(step)} each: '
        f'<tspan fill="{_BLUE}">■ succeeded</tspan> <tspan fill="{_RED}">■ failed</tspan></text>'
    )


def _scale(top: int, bottom: int, most: int, what: str) -> str:
    """A base line, and at the left the largest value with its name."""
    return (
        f'<path d="M{_LEFT} {bottom}.5H{WIDTH - _RIGHT}" stroke="{_LINE}"/>'
        f'<text x="{_LEFT - 6}" y="{top + 8}" text-anchor="end">{most:,}</text>'
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end" font-size="10">{what}</text>'
    )


def _bar(one: Step, left: float, wide: float, most: int) -> str:
    """A bar of succeeded attempts with the failed ones on top, each thick enough to see."""
    room, foot = _MIDDLE - 14 - _TOP, _MIDDLE - 14.0
    found = ""
    for value, colour in ((one.succeeded, _BLUE), (one.failed, _RED)):
        if value:
            high = max(1.5, value / most * room)
            foot -= high
            size = f'width="{max(1.0, wide - 1):.1f}" height="{high:.1f}"'
            found += f'<rect x="{left:.1f}" y="{foot:.1f}" {size} fill="{colour}"/>'
    return found


def _areas(steps: Sequence[Step], wide: float, deepest: int) -> list[str]:
    """The depth as areas, with gaps where it is unknown."""
    areas, run = [], []
    for at, one in enumerate([*steps, None]):
        if one is not None and one.depth is not None:
            high = one.depth / deepest * (_BOTTOM - _MIDDLE) if deepest else 0
            run.append(f"L{_LEFT + at * wide:.1f} {_BOTTOM - high:.1f}H{_LEFT + (at + 1) * wide:.1f}")
            continue
        if run:
            start = run[0][1:].partition(" ")[0]
            areas.append(
                f'<path d="M{start} {_BOTTOM}{"".join(run)}V{_BOTTOM}H{start}" fill="{_INK}" fill-opacity=".45"/>'
            )
        run = []
    return areas


def _clock(steps: Sequence[Step], step: timedelta) -> list[str]:
    """Labels for the start and the end."""
    first, last = steps[0].time, steps[-1].time + step
    form = "%H:%M" if first.date() == last.date() else "%d %b %H:%M"
    y = HEIGHT - 4
    return [
        f'<text x="{_LEFT}" y="{y}">{first:{form}}</text>',
        f'<text x="{WIDTH - _RIGHT}" y="{y}" text-anchor="end">{last:{form}} UTC</text>',
    ]
