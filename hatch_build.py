"""Package metadata: the README with links that work on PyPI, and the addresses of the project.

CLOUDTASKS_NB_SOURCE names the repository, such as https://github.com/OWNER/NAME. The release sets it. Without it, the
links of the README stay relative, and the package names no addresses.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

SOURCE = "CLOUDTASKS_NB_SOURCE"
_PICTURE = re.compile(r'<img src="(?!https?://)([^"]+)"')
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?://|#)([^)\s]+)\)")


class Metadata(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        root, source = Path(self.root), os.environ.get(SOURCE, "").rstrip("/")
        text = (root / "README.md").read_text(encoding="utf-8")
        tag = f"v{_version(root)}"
        if source:
            text = absolute(text, source, tag)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = addresses(source, tag) if source else {}


def absolute(text: str, source: str, tag: str) -> str:
    """Markdown whose relative links lead to the files of a tag, and whose pictures load from there.

    >>> absolute("![a](x.png) [b](y.md#z) [c](https://d.e)", "https://h/o/n", "v1")
    '![a](https://h/o/n/raw/v1/x.png) [b](https://h/o/n/blob/v1/y.md#z) [c](https://d.e)'
    >>> absolute('<img src="x.png" width="9">', "https://h/o/n", "v1")
    '<img src="https://h/o/n/raw/v1/x.png" width="9">'
    """
    text = _PICTURE.sub(lambda picture: f'<img src="{source}/raw/{tag}/{picture[1]}"', text)
    return _LINK.sub(
        lambda link: f"{link[1]}[{link[2]}]({source}/{'raw' if link[1] else 'blob'}/{tag}/{link[3]})", text
    )


def addresses(source: str, tag: str) -> dict[str, str]:
    """The project's links, which PyPI shows beside the README."""
    return {
        "Source": source,
        "Documentation": f"{source}/blob/{tag}/docs/index.md",
        "Changelog": f"{source}/blob/{tag}/CHANGELOG.md",
        "Issues": f"{source}/issues",
    }


def _version(root: Path) -> str:
    said = re.search(r'^__version__ = "(.+)"', (root / "cloudtasks_nb/__init__.py").read_text(), re.M)
    return said[1] if said else ""
