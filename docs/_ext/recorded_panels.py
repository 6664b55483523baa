"""Panels on the pages of notebooks: the real panel, with the state that it had when its notebook ran.

A notebook that ran holds the state of its widgets. `_static/panels.js` mounts each panel below its cell, with
the panel's own script. There is no kernel behind it, so it is read-only, and its clock stands at that time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

import cloudtasks_nb

BUILT = Path(cloudtasks_nb.__file__).parent / "widgets/built"
SCRIPTS = "panel_scripts.js"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", _write_scripts)
    app.connect("html-page-context", _add_scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write_scripts(app: Sphinx) -> None:
    """Written as one script, because a page that is opened as a file may load scripts, but no data."""
    if app.builder.format == "html":
        place = Path(app.outdir) / "_static"
        place.mkdir(parents=True, exist_ok=True)
        (place / SCRIPTS).write_text(f"globalThis.panelScripts = {json.dumps(scripts())};\n", "utf-8")


def _add_scripts(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    if doctree is not None and "widget-view+json" in context.get("body", ""):
        app.add_js_file(SCRIPTS)
        app.add_js_file("panels.js")


def scripts() -> dict[str, str]:
    """Scripts and style sheets by their names.

    >>> {"queue_panel.js", "queue_panel.css", "queue_panel.why.js"} <= set(scripts())
    True
    """
    return {path.name: path.read_text("utf-8") for path in sorted(BUILT.iterdir())}
