"""The command that installs an extra works from where the package came from."""

from __future__ import annotations

import json
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from cloudtasks_nb import installation
from cloudtasks_nb.installation import command_for, install_command

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://h/o/n.git"


@pytest.mark.parametrize(
    ("record", "command"),
    [
        ({}, 'pip install "cloudtasks-nb[plot]"'),
        ({"url": "file:///a%20b", "dir_info": {"editable": True}}, 'pip install --editable "/a b[plot]"'),
        ({"url": "file:///a%20b", "dir_info": {}}, 'pip install "cloudtasks-nb[plot] @ file:///a%20b"'),
        (
            {"url": "https://me:secret@h/c.whl", "archive_info": {"hash": "sha256=0"}},
            'pip install "cloudtasks-nb[plot] @ https://h/c.whl"',
        ),
        (
            {"url": REPOSITORY, "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": "0"}},
            f'pip install "cloudtasks-nb[plot] @ git+{REPOSITORY}@v1"',
        ),
        (
            {"url": REPOSITORY, "vcs_info": {"vcs": "git", "commit_id": "0"}, "subdirectory": "py"},
            f'pip install "cloudtasks-nb[plot] @ git+{REPOSITORY}#subdirectory=py"',
        ),
    ],
)
def test_each_origin_has_its_command(record: dict[str, Any], command: str) -> None:
    assert command_for(record, "plot") == command


def test_a_newer_version() -> None:
    assert command_for({}, "", upgrade=True) == "pip install --upgrade cloudtasks-nb"


@pytest.mark.parametrize("text", ["", "no JSON", json.dumps(["url"]), json.dumps({"dir_info": {}})])
def test_a_broken_record_is_not_in_the_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata.Distribution, "from_name", lambda *_: Recorded(text))
    assert install_command("plot").startswith("pip install ")


class Recorded:
    def __init__(self, text: str) -> None:
        self.text = text

    def read_text(self, name: str) -> str:
        assert name == "direct_url.json"
        return self.text


def test_a_checkout_on_the_path_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    checkout = Path(installation.__file__).parents[1]
    assert install_command("local") == f'pip install --editable "{checkout}[local]"'


def test_make_sets_up_again_after_the_checkout_moved_or_its_python_vanished(tmp_path: Path) -> None:
    def plan() -> str:
        command = ["make", "-n", "env"]  # in a folder of its own
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    for name in ("pyproject.toml", "Makefile"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (programs / "python").symlink_to("/bin/true")
    (programs / "pip").write_text(f"#!{tmp_path}/.venv/bin/python\n")
    (programs.parent / ".installed").touch()
    assert "venv --clear" not in plan()
    (programs / "pip").write_text("#!/elsewhere/.venv/bin/python\n")
    assert "venv --clear" in plan()
    (programs / "pip").write_text(f"#!{tmp_path}/.venv/bin/python\n")
    (programs / "python").unlink()
    assert "venv --clear" in plan()
