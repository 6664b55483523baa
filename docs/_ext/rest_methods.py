"""A directive for the table of REST methods of client.api."""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from cloudtasks_nb.model.methods import METHODS, Method


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("rest-methods", RestMethods)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


PREFIX = "projects.locations."


class RestMethods(SphinxDirective):
    """One row for each method: its path, its effect, whether it is retried, and its versions."""

    def run(self) -> list[nodes.Node]:
        lines = [
            "| `projects.locations.` | does | repeated | versions |",
            "|---|---|---|---|",
            *(_row(method) for method in METHODS.values()),
        ]
        holder = nodes.container()
        self.state.nested_parse(StringList(lines, source="methods"), self.content_offset, holder)
        return holder.children


def _row(method: Method) -> str:
    again = "yes" if method.repeatable else f"with `{method.safe_with}`" if method.safe_with else "no"
    versions = "all" if len(method.versions) == 3 else ", ".join(method.versions)
    return f"| `{method.id.removeprefix(PREFIX)}` | {method.summary} | {again} | {versions} |"
