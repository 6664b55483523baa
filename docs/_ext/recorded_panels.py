"""Panels on the pages of notebooks: the real panel, with the state that it had when its notebook ran.

A notebook that ran holds the state of its widgets, their scripts included. `_static/panels.js` mounts each panel where
its cell showed it. There is no kernel behind it, so it is read-only, and its clock stands at the time of the record.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

import cloudtasks_nb

BUILT = Path(cloudtasks_nb.__file__).parent / "widgets/built"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", _process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _process(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document) -> None:
    """The scripts that panels ask for when they are used go into the page, so that it works from a file too."""
    if doctree is not None and "widget-view+json" in context.get("body", ""):
        app.add_js_file("panels.js")
        code = json.dumps(parts()).replace("</", "<\\/")
        context["body"] += f'<script type="application/json" id="panel-parts">{code}</script>'


def parts() -> dict[str, str]:
    """Scripts by their names: "queue_panel.why".

    >>> "task_browser.verbs" in parts()
    True
    """
    return {path.stem: path.read_text("utf-8") for path in sorted(BUILT.glob("*.*.js"))}
