"""Lets long code in a narrow column break at natural places: after a dot, a slash, a bracket or a comma."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

_WORD = re.compile(r'(<span class="pre">)([^<]+)(</span>)')
_JOINT = re.compile(
    r"(?<=[/.,(=\[])(?=[^\s/.,)\]])(?!\w{1,4}\W*$)"
)  # avoids a short rest such as "py" on its own line
_SEAM = re.compile(r"(?<=_)(?=\w)|(?<=[a-z])(?=[A-Z])")
_LONG = 16


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _process(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    if body := context.get("body"):
        context["body"] = _WORD.sub(lambda word: f"{word[1]}{breakable(word[2])}{word[3]}", body)


def breakable(code: str) -> str:
    """Code with possible line breaks; within a word only if the word is long.

    >>> breakable("queue.set_iam_policy(policy)")
    'queue.<wbr>set_iam_policy(<wbr>policy)'
    >>> breakable("maxDispatchesPerSecond")
    'max<wbr>Dispatches<wbr>Per<wbr>Second'
    """
    words = _JOINT.split(code)
    return "<wbr>".join(_SEAM.sub("<wbr>", word) if len(word) > _LONG else word for word in words)
