"""Write a report to one HTML file without scripts."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import Any

from ..frames.complete import complete_or_absent
from ..render import html
from ..shown import Shown
from ..visible import shown

_PAGE = """<!doctype html>
<html lang="en" data-theme="auto">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ margin: 24px; font-family: system-ui, sans-serif; background: Canvas }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def write_page(report: Shown, path: str | os.PathLike[str]) -> Path:
    """Write an object to an HTML page. Returns its path. Errors: OSError."""
    found: Any = report._shape_()  # type: ignore[attr-defined]
    title = " ".join(part for part in (found.title, found.kind) if part)
    text = _PAGE.format(title=escape(shown(title)), body=html(found))
    with complete_or_absent(path) as file:
        file.write(text.encode())
    return Path(path).expanduser()
