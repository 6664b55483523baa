"""The widget managers of other notebooks, with pinned versions and hashes. `make test-hosts` downloads them."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "build/hosts"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")  # marimo and Voila, from PyPI

# From npm: the version, and the SHA-512 of its tarball as npm writes it.
NPM = {
    "@vscode/jupyter-ipywidgets8": (
        "1.0.9",
        "bocCThfa4JDIDd7qCFAfW3HpzHfTLYxOTpTbiDfw4DXOUjKHnr6ObkMBiIkuzYPRybh5bY4FhYLemuDuTvIbpQ==",
    ),
    "@jupyter-widgets/html-manager": (
        "1.0.15",
        "5thBIV6ymNgmPVOHvzx+gGy8ZSKmSazhtGw4/c4xJDVzRhG9PTeQsRjF3FUTopvFi//SABeNz1yp47bCrJ3CQA==",
    ),
    "requirejs": (
        "2.3.8",
        "7/cTSLOdYkNBNJcDMWf+luFvMriVm7eYxp4BcFCsAX0wF421Vyce5SXP17c+Jd5otXKGNehIonFlyQXSowL6Mw==",
    ),
}


def npm_file(name: str, path: str) -> str:
    """A file of a package in NPM, which is downloaded once. Fails if the hash of its tarball differs."""
    version, integrity = NPM[name]
    tarball = PLACE / f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
    if not tarball.exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        _run("npm", "pack", "--silent", f"{name}@{version}", "--pack-destination", str(PLACE))
    found = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    assert found == integrity, f"{tarball} is not {name} {version} as it was pinned"
    with tarfile.open(tarball) as archive:
        content = archive.extractfile(f"package/{path}")
        assert content is not None
        return content.read().decode()


def python_packages() -> Path:
    """A folder with the packages of REQUIREMENTS, checked by hash; their dependencies are already installed."""
    folder = PLACE / f"python-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        options = ("--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps", "--require-hashes")
        half = folder.with_suffix(".part")
        _run(sys.executable, "-m", "pip", "install", *options, "--target", str(half), "-r", str(REQUIREMENTS))
        half.rename(folder)
    return folder


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
