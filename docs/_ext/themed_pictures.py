"""Pictures that come in a light and a dark edition; a page shows the one that suits it."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

LIGHT, DARK = "-light.png", "-dark.png"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(ThemedPictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class ThemedPictures(SphinxTransform):
    """Sources name the light edition, which reads well anywhere. Tables keep all; the style sheet chooses."""

    default_priority = 200  # before Sphinx collects the pictures

    def apply(self, **kwargs: object) -> None:
        for image in list(self.document.findall(nodes.image)):
            dark = image["uri"].replace(LIGHT, DARK)
            tables = [above for above in _above(image) if isinstance(above, nodes.table)]
            if tables or not image["uri"].endswith(LIGHT) or not self._is_there(dark):
                image["classes"].append("dark-light")  # the theme dims pictures that say nothing
                for table in tables:
                    table["classes"] = [*{*table["classes"], "pictures"}]
                    image["width"] = "100%"  # and links to the picture itself, to be looked at closely
                continue
            twin = image.deepcopy()
            twin["uri"] = dark
            image["classes"] += ["only-light", "shot"]
            twin["classes"] += ["only-dark", "shot"]
            image.parent.insert(image.parent.index(image) + 1, twin)

    def _is_there(self, uri: str) -> bool:
        return (Path(self.document["source"]).parent / uri).exists()


def _above(node: nodes.Node) -> list[nodes.Node]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found
