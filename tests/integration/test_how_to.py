"""The how-to pages keep their word: their code runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cloudtasks_nb as ct
from tests.integration.filling import URL, new_id

ROOT = Path(__file__).parents[2]


def blocks(page: str) -> str:
    """All Python of a page, one block after the other."""
    return "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.S))


@pytest.fixture
def names(client: ct.Client, queue: ct.Queue) -> dict[str, Any]:
    work = client.create_queue(new_id(), kind="pull")
    work.create_task({"n": 1})
    other = client.create_queue(new_id())
    return {"client": client, "queue": queue, "work": work, "url": URL, "other_name": other.name}


def test_calling_the_rest_api(names: dict[str, Any], queue: ct.Queue) -> None:
    exec(blocks("docs/how-to/rest-api.md"), names)  # noqa: S102 - our own page
    batch: ct.Batch = names["batch"]
    assert [item.error for item in batch.results.failed] == []
    assert (len(batch.results), queue.state) == (502, "PAUSED")
    assert len(list(queue.tasks())) == 500
    assert names["work"].lease() == []


def test_clicking_by_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ct.local(demo=True) as client:
        emails = client.queue("emails")
        names: dict[str, Any] = {"client": client}
        exec(blocks("docs/how-to/panels.md"), names)  # noqa: S102 - our own page
        assert emails.refresh().state == "PAUSED"
        assert emails.rate_limits is not None and emails.rate_limits.max_tasks_dispatched_per_second == 5
        assert list(emails.tasks()) == [] and emails.restore("emails.parquet", progress=False).ok
        assert len(list(emails.tasks())) == len(pd.read_parquet("emails.parquet")) > 0
        assert names["explorer"].opened.facts["id"] == "emails"
        assert emails.iam_policy().members("roles/cloudtasks.taskRunner") == ["user:grace@example.com"]


def test_signing_in_names_what_there_is() -> None:
    """What it calls exists, with the parameters that it passes; who signs in is another test's matter."""
    import ast
    import inspect

    found = {"ct.connect": ct.connect, "ct.local": ct.local} | {
        f"ct.oauth.{name}": getattr(ct.oauth, name) for name in ("authorization_url", "refresh", "sign_in")
    }
    seen = set()
    for node in ast.walk(ast.parse(blocks("docs/how-to/authentication.md"))):
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)).startswith("ct."):
            arguments = {str(word.arg): None for word in node.keywords}
            inspect.signature(found[called]).bind(*node.args, **arguments)
            seen.add(called)
    assert {"ct.connect", "ct.oauth.sign_in", "ct.oauth.authorization_url", "ct.oauth.refresh"} <= seen


def test_working_with_the_emulator() -> None:
    """The first block of its first sections runs as it stands; the other ways to start one are tested by name."""
    import ast
    import inspect

    page = (ROOT / "docs/how-to/emulator.md").read_text()
    receiving = page.partition("## Receive deliveries")[2].partition("## Move the time")[0]
    code = "\n".join(re.findall(r"```python\n(.*?)```", receiving, re.S))
    with ct.local() as client:
        names: dict[str, Any] = {"client": client, "ct": ct}
        exec(code, names)  # noqa: S102 - our own page
        (got,) = names["inbox"].requests
        assert (got.path, got.answer, got.json()) == ("/send", 200, {"to": "ada"})
        assert names["send"](got) == 503
    for node in ast.walk(ast.parse(blocks("docs/how-to/emulator.md"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ct.local":
            inspect.signature(ct.local).bind(*node.args, **{str(word.arg): None for word in node.keywords})


def test_working_a_pull_queue(client: ct.Client, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"client": ct.connect(project=new_id(), endpoint=client.endpoint)}
    exec(blocks("docs/how-to/workers.md"), names)  # noqa: S102 - our own page
    printed = capsys.readouterr().out
    assert all(f"{number}.png" in printed for number in range(20))
    assert "customer-2" in printed
    assert names["queue"].count_tasks() == 0
    names["client"].close()
