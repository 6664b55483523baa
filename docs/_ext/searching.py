"""Adapts the search of the site: it finds pages by the words of users, and leaves out pages for contributors.

A paragraph "Also called: login, credentials." makes each of its words an entry of the index. The search ranks these
entries first.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

ALSO = "Also called: "
INTERNAL = ("internals/", "decisions/", "architecture", "changelog")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _read(app: Sphinx, document: nodes.document) -> None:
    page = app.env.docname
    if page.startswith(INTERNAL):
        app.env.metadata[page]["nosearch"] = "yes"
        return
    for paragraph in list(document.findall(nodes.paragraph)):
        text = paragraph.astext()
        if text.startswith(ALSO):
            paragraph["classes"].append("also-called")
            entries = [("single", name, "", "main", None) for name in names(text)]
            paragraph.parent.insert(paragraph.parent.index(paragraph), addnodes.index(entries=entries))


def names(text: str) -> list[str]:
    """The names in a line.

    >>> names("Also called: login, ADC. For code, see below.")
    ['login', 'ADC']
    """
    said = re.split(r"\.(?:\s|$)", text.removeprefix(ALSO))[0]
    return [" ".join(name.split()) for name in said.split(",")]
