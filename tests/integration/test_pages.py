"""Each page runs exactly as a reader copies it: from an empty folder, in one process, without injected names.

Pages that need credentials run against the emulator, which only the environment names. A block that needs a cluster, a
person or another program is marked ```python notest; it must still be valid Python.
"""

from __future__ import annotations

import ast
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import cloudtasks_nb as ct
from tests.emulator_process import EmulatorProcess
from tests.page_runner import BLOCK, Ran, run

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if not {"_build", "decisions", "internals"} & set(path.parts)
}
ANY_BLOCK = re.compile(r"^```(?:python|py)(?: notest)?\n(.*?)^```", re.M | re.S)
ELSEWHERE = {"docs/how-to/testing-with-pytest.md"}  # test_pytest_plugin.py runs the files of this page
RUNS = [page for page, text in PAGES.items() if BLOCK.search(text) and page not in ELSEWHERE]
WORKER = "worker@my-project.iam.gserviceaccount.com"

# The files that each page creates in the empty folder.
LEAVES = {
    "README.md": ["failed.csv"],
    "docs/how-to/export.md": [
        "all", "failed.csv", "failed.parquet", "look.csv", "sheet.xlsx",
        "tasks.csv", "tasks.csv.gz", "tasks.parquet", "tasks.xlsx", "whole.csv",
    ],
    "docs/how-to/panels.md": ["emails.parquet"],
    "docs/how-to/rescue.md": ["failed.parquet", "invoices.parquet", "stuck.parquet", "webhooks.parquet"],
    "docs/how-to/what-happened.md": ["report.html"],
}  # fmt: skip
PRINTS = {
    "docs/how-to/workers.md": [*(f" {number}.png" for number in range(20)), "customer-2"],
    "docs/quickstart.md": ["newsletter"],
}


@pytest.fixture(scope="module")
def demo() -> Iterator[ct.Client]:
    """The emulator that `ct.local(demo=True)` finds in the environment, as with `make demo`."""
    with EmulatorProcess("--demo") as process, ct.connect(endpoint=process.url) as client:
        client.emulator.save("new")
        yield client


@pytest.fixture
def environment(demo: ct.Client, tmp_path: Path) -> dict[str, str]:
    """The environment of a shell. HOME is empty, so no page finds the credentials of the person who runs the tests."""
    demo.emulator.load("new")
    return {
        "CLOUD_TASKS_EMULATOR_HOST": demo.endpoint.removeprefix("http://"),
        "HOME": str(tmp_path),
        "MPLBACKEND": "agg",
        "PATH": os.environ["PATH"],
        "TQDM_DISABLE": "1",
        **credentials(tmp_path, demo.endpoint),
    }


def credentials(place: Path, issuer: str) -> dict[str, str]:
    """A service account's key, an OAuth client, and a browser that agrees at once, all for the emulator."""
    key, client, browser = place / "key.json", place / "client.json", place / "browser"
    key.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": "my-project",
                "client_email": WORKER,
                "private_key": PRIVATE,
                "token_uri": f"{issuer}/token",
            }
        )
    )
    addresses = {"auth_uri": f"{issuer}/auth", "token_uri": f"{issuer}/token"}
    client.write_text(json.dumps({"installed": {"client_id": "app", "client_secret": "s3cret", **addresses}}))
    visit = "urlopen(sys.argv[1] + '&approve=1&email=ada@example.com')"
    browser.write_text(f"#!{sys.executable}\nimport sys\nfrom urllib.request import urlopen\n{visit}\n")
    browser.chmod(stat.S_IRWXU)
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "TASKS_KEY_FILE": str(key),
        "OAUTH_CLIENT_FILE": str(client),
        "BROWSER": str(browser),
        "DISPLAY": ":0",
    }


PRIVATE = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    .decode()
)


@pytest.mark.parametrize("page", RUNS)
def test_it_runs_as_it_is_copied(page: str, environment: dict[str, str], tmp_path: Path) -> None:
    (folder := tmp_path / "empty").mkdir()
    ran: Ran = run(PAGES[page], folder, environment)
    assert not ran.error, ran.error
    assert ran.files == LEAVES.get(page, [])
    assert [words for words in PRINTS.get(page, []) if words not in ran.printed] == []


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if ANY_BLOCK.search(text)])
def test_all_of_it_is_python(page: str) -> None:
    assert [wrong for code in ANY_BLOCK.findall(PAGES[page]) if (wrong := syntax_error(code))] == []


def syntax_error(code: str) -> str:
    """The syntax error of a block with its line; empty if the block is valid."""
    try:
        ast.parse(code)
    except SyntaxError as error:
        return f"{error.msg}: {error.text}"
    return ""
