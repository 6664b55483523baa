"""Google's client for Node as a process; npm installs it below build/, if node and npm exist."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tests.contract.driver import Refused

PACKAGE = "@google-cloud/tasks@6.3.0"
FOLDER = Path(__file__).parents[2] / "build" / "node"
PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))
SCRIPT = Path(__file__).with_name("node_calls.cjs")
_INSTALL = ("install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")


def which(program: str) -> str | None:
    """The path of a program: on PATH, or beside this Python."""
    return shutil.which(program, path=PATH)


def installed() -> Path:
    """The folder of its packages; without node, npm or a network the test is skipped, with the reason."""
    name, _, version = PACKAGE.rpartition("@")
    manifest = FOLDER / "node_modules" / name / "package.json"
    if not which("node") or not which("npm"):
        pytest.skip("NOT RUN: Google's client for Node, because node and npm are not installed")
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != version:
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [str(which("npm")), *_INSTALL, PACKAGE]
        environment = {**os.environ, "PATH": PATH}
        done = subprocess.run(
            command, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=150
        )
        if done.returncode != 0:
            pytest.skip(
                f"NOT RUN: Google's client for Node, because npm did not install it: {done.stderr[-300:]}"
            )
    return FOLDER / "node_modules"


class NodeClient:
    """Makes calls by their names in Node. The end of the with block ends the process."""

    def __init__(self, url: str) -> None:
        modules, node = installed(), str(which("node"))
        self._process = subprocess.Popen(
            [node, str(SCRIPT), url.removeprefix("http://")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a warning about the metadata server of a cloud
            text=True,
            env={**os.environ, "NODE_PATH": str(modules), "METADATA_SERVER_DETECTION": "none"},
        )

    def __call__(self, method: str, request: dict[str, Any], version: str = "v2") -> Any:
        """The response. Errors: Refused, with the number of the gRPC code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(
            f"{json.dumps({'version': version, 'method': method, 'request': request})}\n"
        )
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        if "code" in said:
            raise Refused(said["code"], said["message"])
        return said["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=60)
