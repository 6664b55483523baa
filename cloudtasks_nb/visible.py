"""Make foreign text safe to show: hidden and reordering characters become visible, secrets are replaced."""

from __future__ import annotations

import re

from .redact import scrub

# Controls, bidi controls, invisible characters, line separators, lone surrogates, noncharacters, tag characters.
# The two joiners (U+200C, U+200D) stay: emoji and several scripts need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
# Marks that pile up on one letter until they cover the lines around it; real scripts need three or four.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILE = re.compile(f"({_MARK}{{4}})({_MARK}+)")


def _picture(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < 0x20:
        return chr(0x2400 + point)
    return "␡" if point == 0x7F else f"⟨U+{point:04X}⟩"


def _unpiled(text: str) -> str:
    if text.isascii():
        return text
    return _PILE.sub(lambda match: f"{match[1]}⟨+{len(match[2])} marks⟩", text)


def visible(text: str) -> str:
    """One line of text with every hidden character shown: "␛", "⟨U+202E⟩"."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_picture, _unpiled(text))


def visible_lines(text: str) -> str:
    """The same for text of several lines; line ends and tabs are kept."""
    return _HIDDEN.sub(lambda match: match[0] if match[0] in "\n\t" else _picture(match), _unpiled(text))


def shown(text: str) -> str:
    """One line as cards and tables show it: hidden characters visible, secrets replaced."""
    return visible(scrub(text))


def elided(text: str, width: int) -> str:
    """At most `width` characters, with the middle left out: the ends of an id or a URL are more useful."""
    if len(text) <= width:
        return text
    tail = max((width - 1) // 3, 0)
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"
