"""Runs notebooks in kernels that listen on files, end by themselves, and keep printed text in one piece.

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

from .waiting import PATIENCE_S


@contextmanager
def kernel_for(notebook: NotebookNode, **options: Any) -> Iterator[NotebookClient]:
    """A client that executes this notebook. `options` are those of nbclient."""
    with TemporaryDirectory(
        dir="/tmp"
    ) as folder:  # not in TMPDIR: the path of a socket has at most 107 characters
        manager = {"transport": "ipc", "ip": f"{folder}/kernel"}
        # A kernel that needs more than half of this time to end gets SIGTERM, and leaves its temporary files.
        config = Config({"KernelManager": {**manager, "shutdown_wait_time": 2.0 * PATIENCE_S}})
        # Printed text may arrive in several messages, if the kernel stands still between two writes.
        options = {"coalesce_streams": True, **options}
        yield NotebookClient(notebook, kernel_name="python3", config=config, **options)
