"""Shows each picture in the version that fits the theme of the page, light or dark."""

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
    """Sources name the light picture, which is readable everywhere. Tables keep both; the style sheet selects one."""

    default_priority = 200  # before Sphinx collects the pictures

    def apply(self, **kwargs: object) -> None:
        for image in list(self.document.findall(nodes.image)):
            dark = image["uri"].replace(LIGHT, DARK)
            tables = [above for above in _above(image) if isinstance(above, nodes.table)]
            if tables or not image["uri"].endswith(LIGHT) or not self._is_there(dark):
                image["classes"].append("dark-light")  # otherwise the theme dims the picture
                for table in tables:
                    table["classes"] = [*{*table["classes"], "pictures"}]
                    image["width"] = "100%"  # and links to the picture itself, which can be enlarged
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
