"""The panels' JavaScript: linted, tested with node's runner, and equal to the committed bundles.

`make page` installs the tools. Without them these tests are skipped; with CI=true they fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "cloudtasks_nb/widgets/page"
BUILT = ROOT / "cloudtasks_nb/widgets/built"
MODULES = ROOT / "build/page/node_modules"
PATH = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
SAVED_B = 25_000  # bytes of script and style sheet for each panel in a saved notebook
LARGEST_B = 25_000  # bytes of one script, which each view of a panel loads from the kernel


def missing() -> str:
    """The reason why the tools cannot run here; "" if they can."""
    if shutil.which("node", path=PATH) is None:
        return "node is missing"
    pinned = json.loads((PAGE / "package.json").read_text())["devDependencies"]
    for name, version in pinned.items():
        installed = MODULES / name / "package.json"
        if not installed.exists() or json.loads(installed.read_text())["version"] != version:
            return f"{name} {version} is missing"
    return ""


@pytest.fixture
def tools() -> None:
    if reason := missing():
        words = f"PAGE TESTS CANNOT RUN: {reason}; install it with: make page"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)


def run(*command: str | Path) -> str:
    environment = {**os.environ, "PATH": PATH}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.usefixtures("tools")
def test_the_linter_finds_nothing_and_the_formatter_changes_nothing() -> None:
    assert "No fixes applied" in run(MODULES / ".bin/biome", "ci", "--error-on-warnings")


@pytest.mark.usefixtures("tools")
def test_its_own_tests_pass() -> None:
    tests = sorted(ROOT.glob("tests/page/*.test.mjs"))
    said = run("node", "--test", "--test-timeout=60000", "--test-reporter=tap", *tests)
    counts = dict(line.removeprefix("# ").split(" ", 1) for line in said.splitlines()[-8:])
    assert int(counts["pass"]) > 100
    assert (counts["fail"], counts["skipped"]) == ("0", "0")


@pytest.mark.usefixtures("tools")
def test_what_is_committed_is_what_the_sources_build(tmp_path: Path) -> None:
    run("node", PAGE / "build.mjs", tmp_path)
    fresh, committed = (
        {path.name: path.read_bytes() for path in place.iterdir()} for place in (tmp_path, BUILT)
    )
    assert sorted(fresh) == sorted(committed)
    stale = [name for name, content in fresh.items() if committed[name] != content]
    assert stale == [], "run `make page` and commit the built files"


@pytest.mark.parametrize("script", sorted(BUILT.glob("*.js")), ids=lambda path: path.stem)
def test_a_panels_script_stays_small(script: Path) -> None:
    assert script.stat().st_size <= LARGEST_B


def test_a_saved_panel_stays_small() -> None:
    assert sum((BUILT / f"saved_view.{kind}").stat().st_size for kind in ("js", "css")) <= SAVED_B
