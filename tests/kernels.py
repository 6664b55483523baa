"""Runs notebooks in kernels that listen on files.

A kernel gets its TCP ports about a second before it listens on them, and another test could take one in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config


@contextmanager
def kernel_for(notebook: NotebookNode, **options: Any) -> Iterator[NotebookClient]:
    """A client that executes this notebook. `options` are those of nbclient."""
    with TemporaryDirectory(
        dir="/tmp"
    ) as folder:  # not in TMPDIR: the path of a socket has at most 107 characters
        config = Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})
        yield NotebookClient(notebook, kernel_name="python3", config=config, **options)
