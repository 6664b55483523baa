"""The how-to pages on exports and rescue work run as they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct
from tests.integration.filling import fill, new_id
from tests.integration.test_how_to import blocks


def test_export(client: ct.Client, queue: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(queue, 3)
    with ct.connect(new_id(), "us-central1", endpoint=client.endpoint) as whole_project:
        names: dict[str, Any] = {"queue": queue, "client": whole_project}
        fill(whole_project.create_queue("emails"), 2)
        exec(blocks("docs/how-to/export.md"), names)  # noqa: S102 - our own page
    assert str(names["frame"].dtypes["payload"]) == "binary[pyarrow]"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "all",
        "look.csv",
        "tasks.csv",
        "tasks.parquet",
    ]


def test_rescue(client: ct.Client, queue: ct.Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    queue.pause().create_tasks(
        [
            {"payload": {"tenant": f"t{n % 2}", "n": n}, "url": "http://127.0.0.1:9/", "schedule": 3600}
            for n in range(6)
        ]
    ).raise_for_errors()
    names: dict[str, Any] = {"client": client, "queue": queue}
    exec(blocks("docs/how-to/rescue.md"), names)  # noqa: S102 - our own page
    try:
        assert (tmp_path / "stuck.parquet").exists()
        shares = [len(list(client.queue(f"{queue.id}-t{n}").tasks())) for n in range(2)]
        assert shares == [3, 3]
    finally:
        names["local"].close()
