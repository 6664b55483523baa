"""Render objects as HTML and as text: pure functions, no I/O.

Every object has one of two shapes, a Card or a Table. Each shape has one template and one text form, so HTML and text
agree. jinja2 and tabulate are imported on first use.
"""

from . import error, faults, message, operation, policy, status  # noqa: F401 (imported to register their shapes)
from .dispatch import shape
from .html import html, style_sheet
from .location import location_table
from .queue import queue_table
from .shapes import Card, Cell, Image, Json, Section, Shape, Table, Value, badge, code, muted, number
from .task import lease_table, task_table
from .text import text

__all__ = [
    "Card",
    "Cell",
    "Image",
    "Json",
    "Section",
    "Shape",
    "Table",
    "Value",
    "badge",
    "code",
    "html",
    "lease_table",
    "location_table",
    "muted",
    "number",
    "queue_table",
    "shape",
    "style_sheet",
    "task_table",
    "text",
]
