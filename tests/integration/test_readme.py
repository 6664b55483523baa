"""The README keeps its word: its code runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_ten_lines_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    block = next(code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "ct.local(" in code)
    names: dict[str, object] = {}
    exec(block, names)  # noqa: S102 - our own README
    try:
        assert (tmp_path / "events.parquet").stat().st_size > 100_000
        assert 0 < len(names["tasks"]) <= 40  # type: ignore[arg-type]  # the demo lives: some have gone out
    finally:
        names["client"].close()  # type: ignore[attr-defined]


def test_its_test_is_one_that_passes(pytester: pytest.Pytester) -> None:
    block = next(
        code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "cloudtasks_client" in code
    )
    pytester.makepyfile(f"import pytest\n\n{block}")
    plugin = ("-p", "no:cloudtasks", "-p", "cloudtasks_nb.pytest_plugin", "-p", "no:cacheprovider")
    pytester.runpytest_subprocess(*plugin, "--strict-markers").assert_outcomes(passed=1)


def test_what_it_says_of_googles_clients_is_so() -> None:
    """What they lack is looked for as well, so that a release that brings it is noticed."""
    from google.cloud import tasks_v2, tasks_v2beta2
    from googleapiclient import discovery

    assert {"grpc", "grpc_asyncio", "rest"} <= set(type(tasks_v2.CloudTasksClient)._transport_registry)
    assert {"lease_tasks", "acknowledge_task", "upload_queue_yaml"} <= set(
        dir(tasks_v2beta2.CloudTasksClient)
    )
    assert {"batch_create_tasks", "batch_delete_tasks"} <= set(dir(tasks_v2.CloudTasksClient))
    assert not hasattr(tasks_v2.Task, "_repr_html_")
    for version in ("v2", "v2beta3", "v2beta2"):
        built = discovery.build("cloudtasks", version, static_discovery=True, developerKey="none")
        assert "batchCreate" in dir(built.projects().locations().queues().tasks())
        assert not hasattr(built, "__aenter__")
        built.close()


def test_the_methods_that_it_counts_are_all_there() -> None:
    from cloudtasks_nb.model.methods import METHODS

    assert f"all {len(METHODS)} methods of v2beta2" in README
