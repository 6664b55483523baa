"""Backups: a queue is written to a file, and restored without changes."""

from __future__ import annotations

import os
import secrets
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.bulk.backup_file import BackupFile
from tests.integration.filling import URL, fill, new_id

KEY = b"cloudtasks_nb.backup"
FIELDS = ("id", "http_request", "app_engine_http_request", "pull_message", "schedule_time", "retry_config")


def contents(queue: ct.Queue) -> list[list[Any]]:
    tasks = queue.tasks(view="FULL")
    return sorted(([getattr(task, field) for field in FIELDS] for task in tasks), key=lambda row: row[0])


IDS = st.text("abcXYZ019_-", min_size=1, max_size=40)
TEXTS = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), max_size=20)
HEADERS = st.dictionaries(st.from_regex(r"X-[A-Za-z0-9]{1,10}", fullmatch=True), TEXTS, max_size=3)
SECRETS = st.sampled_from([{}, {"Authorization": "Bearer secret"}, {"Cookie": "a=b"}])
SCHEDULES = st.integers(3600, 700 * 3600).map(
    lambda seconds: datetime.now(UTC).replace(microsecond=seconds % 1_000_000) + timedelta(seconds=seconds)
)
RETRIES = st.none() | st.builds(
    ct.RetryConfig,
    max_attempts=st.integers(1, 1000),
    min_backoff=st.integers(1, 100).map(lambda tenths: tenths / 10),
    max_doublings=st.integers(0, 20),
)
COMMON = {"task_id": IDS, "schedule": SCHEDULES, "retry_config": RETRIES}
WITH_BODY = {
    "method": st.sampled_from(["POST", "PUT"]),
    "payload": st.binary(max_size=200) | st.text(max_size=50),
}
HTTP = st.fixed_dictionaries(
    {
        **COMMON,
        **WITH_BODY,
        "url": st.sampled_from([URL, "https://example.com/é?q=1#x"]),
        "headers": st.builds(lambda a, b: {**a, **b}, HEADERS, SECRETS),
        "oidc_token": st.none()
        | st.builds(ct.OidcToken, service_account_email=st.just("a@p.iam.gserviceaccount.com")),
    }
)
APP_ENGINE = st.fixed_dictionaries(
    {
        **COMMON,
        **WITH_BODY,
        "relative_url": st.sampled_from(["/", "/work?x=1"]),
        "headers": HEADERS,
        "routing": st.none() | st.builds(ct.AppEngineRouting, service=st.sampled_from(["worker", ""])),
    }
)
PULL = st.fixed_dictionaries(
    {**COMMON, "payload": st.binary(max_size=200), "tag": st.none() | st.text(max_size=30)}
)
KINDS = {"http": HTTP, "app_engine": APP_ENGINE, "pull": PULL}


def distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({row["task_id"]: row for row in rows}.values())


@pytest.mark.parametrize("kind", list(KINDS))
def test_whatever_a_queue_holds_comes_back_equal(client: ct.Client, kind: Any, tmp_path: Path) -> None:
    rows = st.lists(KINDS[kind], min_size=1, max_size=5).map(distinct)

    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
    @given(rows)
    def check(rows: list[dict[str, Any]]) -> None:
        source, target = (client.create_queue(new_id(), kind=kind) for _ in range(2))
        source.create_tasks(rows).raise_for_errors()
        path = source.backup(tmp_path / "queue.parquet", overwrite=True)
        target.restore(path).raise_for_errors()
        assert contents(target) == contents(source)

    check()


def test_a_queue_comes_back_with_its_settings(client: ct.Client, tmp_path: Path) -> None:
    source = client.create_queue(
        new_id(),
        rate_limits={"max_tasks_dispatched_per_second": 3, "max_concurrent_tasks": 7},
        retry_config={"max_attempts": 9, "min_backoff": 2.5},
        task_ttl=timedelta(days=20),
    ).pause()
    fill(source, 5)
    path = source.backup(tmp_path / "queue.parquet")
    name = new_id()
    assert client.restore(path, name).done == 5
    again = client.queue(name)
    for field in ("rate_limits", "retry_config", "task_ttl", "tombstone_ttl", "state", "kind"):
        assert getattr(again, field) == getattr(source, field), field
    assert contents(again) == contents(source)
    with ct.local() as elsewhere:
        assert elsewhere.restore(path).done == 5
        assert contents(elsewhere.queue(source.id)) == contents(source)


def test_a_backup_is_a_table_too_and_shows_no_credentials_in_it(queue: ct.Queue, tmp_path: Path) -> None:
    queue.create_task(b"x", url=URL, headers={"Authorization": "Bearer secret"}, schedule=3600, task_id="a")
    path = queue.backup(tmp_path / "queue.parquet")
    table = pd.read_parquet(path)
    assert table.task_id.tolist() == ["a"]
    assert dict(table.headers[0])["Authorization"] == "•••"
    assert "secret" in table.task[0]
    assert queue.delete_tasks(table).ok


def test_an_older_backup_is_not_overwritten_by_accident(queue: ct.Queue, tmp_path: Path) -> None:
    fill(queue, 2)
    path = queue.backup(tmp_path / "queue.parquet")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        queue.purge(backup=path)
    assert len(list(queue.tasks())) == 2


def test_a_long_id_makes_room_for_its_sign_and_signs_do_not_pile_up(queue: ct.Queue, tmp_path: Path) -> None:
    queue.create_task(b"x", url=URL, task_id="t" * 500, schedule=3600)
    path = queue.backup(tmp_path / "queue.parquet")
    ids = []
    for _ in range(2):
        queue.delete_tasks(queue.tasks())
        assert queue.restore(path).done == 1
        ids += [task.id for task in queue.tasks()]
    first, second = ids
    assert first.startswith("t" * 470 + "-")
    assert (first[:-2], first[-2:], second[-2:]) == (second[:-2], "r1", "r2")


def test_another_task_of_the_same_id_is_no_restored_one(queue: ct.Queue, tmp_path: Path) -> None:
    fill(queue, 2)
    path = queue.backup(tmp_path / "queue.parquet")
    queue.delete_tasks(queue.tasks())
    other = queue._session  # the same client
    target = ct.connect(endpoint=other.endpoint).create_queue(new_id())
    target.create_task(b"something else", url=URL, task_id="t-000", schedule=60)
    result = target.restore(path)
    assert result.to_dataframe().code.tolist()[0] == 6
    assert result.done == 1


def test_a_backup_is_for_its_owner_only(queue: ct.Queue, tmp_path: Path) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    fill(queue, 1)
    before = os.umask(0o022)
    try:
        path = queue.backup(tmp_path / "queue.parquet")
        assert mode(path) == 0o600
        path.chmod(0o644)
        assert mode(queue.backup(path, overwrite=True)) == 0o600
        table = queue.tasks().to_parquet(tmp_path / "table.parquet")
        assert mode(table) == mode(queue.tasks().to_csv(tmp_path / "table.csv")) == 0o644
        table.chmod(0o640)
        assert mode(queue.tasks().to_parquet(table)) == 0o640, "the narrower of both"
        queue.purge(backup=tmp_path / "purged.parquet")
        queue.delete(backup=tmp_path / "deleted.parquet")
        assert mode(tmp_path / "purged.parquet") == mode(tmp_path / "deleted.parquet") == 0o600
        with ct.local(tmp_path / "data.db"):
            assert {mode(file) for file in tmp_path.glob("data.db*")} == {0o600}
    finally:
        os.umask(before)


def test_rows_of_an_edited_backup_are_restored_once_or_say_what_is_wrong(
    client: ct.Client, queue: ct.Queue, tmp_path: Path
) -> None:
    fill(queue, 5)
    table = pq.read_table(queue.backup(tmp_path / "queue.parquet"))
    pq.write_table(pa.concat_tables([table, table.slice(0, 2)]), tmp_path / "twice.parquet")
    twice = client.create_queue(new_id()).restore(tmp_path / "twice.parquet")
    assert (twice.done, twice.failed_count) == (5, 2)
    assert twice.to_dataframe().message[6] == "the file has this task twice; it is restored once"
    texts = table["task"].to_pylist()
    texts[1], texts[2], texts[3] = '{"name": ', None, '{"name":"elsewhere"}'
    edited = table.set_column(table.schema.get_field_index("task"), "task", pa.array(texts))
    pq.write_table(edited, tmp_path / "edited.parquet")
    target = client.create_queue(new_id())
    result = target.restore(tmp_path / "edited.parquet")
    words = result.to_dataframe().set_index("name").message
    assert [task.id for task in target.tasks()] == ["t-000", "t-004"]
    assert words[f"{target.name}/tasks/t-001"].startswith('the column "task" of row 1 is not a task: ')
    assert words[f"{target.name}/tasks/t-002"].startswith('the column "task" of row 2 is not a task: ')
    assert (
        "is not a task" in words[f"{target.name}/tasks/t-003"]
        or "name" in words[f"{target.name}/tasks/t-003"]
    )


def test_overdue_tasks_are_handled_by_choice(client: ct.Client, tmp_path: Path) -> None:
    source = client.create_queue(new_id(), kind="pull")
    source.create_tasks(
        [{"payload": b"due", "task_id": "due"}, {"payload": b"", "task_id": "later", "schedule": 3600}]
    )
    path = source.backup(tmp_path / "queue.parquet")
    now, skip, delay = (client.create_queue(new_id(), kind="pull") for _ in range(3))
    assert now.restore(path).done == 2
    left_out = skip.restore(path, past="skip")
    assert [task.id for task in skip.tasks()] == ["later"]
    assert left_out.failed_count == 1
    assert "overdue" in left_out.to_dataframe().message[0]
    delay.restore(path, past=timedelta(hours=2)).raise_for_errors()
    due, later = delay.task("due").schedule_time, delay.task("later").schedule_time
    assert due is not None
    assert later == source.task("later").schedule_time
    assert due - datetime.now(UTC) > timedelta(minutes=119)
    with pytest.raises(ct.ConfigError, match="past="):
        now.restore(path, past="tomorrow")  # type: ignore[arg-type]


def test_what_is_no_backup_of_such_a_queue_is_refused(
    client: ct.Client, queue: ct.Queue, tmp_path: Path
) -> None:
    fill(queue, 1)
    table = queue.tasks(view="FULL").to_parquet(tmp_path / "table.parquet")
    with pytest.raises(ct.ConfigError, match="is not a backup") as caught:
        queue.restore(table)
    assert "create_tasks" in (caught.value.hint or "")
    (tmp_path / "text").write_text("x")
    with pytest.raises(ct.ConfigError, match="not a Parquet file"):
        queue.restore(tmp_path / "text")
    with pytest.raises(ct.ConfigError, match="a pull queue"):
        client.create_queue(new_id(), kind="pull").restore(queue.backup(tmp_path / "queue.parquet"))
    assert pq.ParquetFile(tmp_path / "queue.parquet").metadata.num_rows == 1


def test_a_broken_backup_is_refused_and_never_half_believed(client: ct.Client, tmp_path: Path) -> None:
    source = client.create_queue(new_id(), kind="pull")
    bodies = [secrets.token_bytes(2000) for _ in range(20)]
    source.create_tasks({"payload": body, "schedule": 3600} for body in bodies)
    whole = source.backup(tmp_path / "queue.parquet").read_bytes()
    broken = tmp_path / "broken.parquet"
    refused = 0
    for at in range(4, len(whole), len(whole) // 40):
        broken.write_bytes(whole[:at] + bytes(255 - byte for byte in whole[at : at + 4]) + whole[at + 4 :])
        target = client.create_queue(new_id(), kind="pull")
        try:
            target.restore(broken)
            assert contents(target) == contents(source), f"the bytes at {at} are for other readers only"
        except ct.ConfigError as error:
            assert "broken" in str(error) or "is not a backup" in str(error)
            assert target.count_tasks() == 0
            refused += 1
    assert refused > 20
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ct.ConfigError, match="broken"):
        source.restore(broken)
    with pytest.raises(IsADirectoryError):
        source.restore(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nothing\.parquet"):
        source.restore(tmp_path / "nothing.parquet")


def test_no_broken_byte_of_a_backup_raises_anything_but_a_config_error(
    client: ct.Client, tmp_path: Path
) -> None:
    source = client.create_queue(new_id(), kind="pull")
    source.create_tasks({"payload": b"x", "schedule": 3600} for _ in range(3))
    whole = source.backup(tmp_path / "queue.parquet").read_bytes()
    broken = tmp_path / "broken.parquet"
    refused = 0
    for at in range(0, len(whole), 4):
        broken.write_bytes(whole[:at] + bytes([255 - whole[at]]) + whole[at + 1 :])
        try:
            list(BackupFile(broken).tasks())
        except ct.ConfigError:
            refused += 1
    assert refused > len(whole) / 40


def test_a_file_that_says_it_is_a_backup_has_to_be_one(queue: ct.Queue, tmp_path: Path) -> None:
    fill(queue, 2)
    table = pq.read_table(queue.backup(tmp_path / "queue.parquet"))
    said = table.schema.metadata

    def refused(table: pa.Table, words: str) -> None:
        pq.write_table(table, tmp_path / "other.parquet")
        with pytest.raises(ct.ConfigError, match=words):
            queue.restore(tmp_path / "other.parquet")

    refused(table.drop_columns(["task"]), "is not a backup")
    refused(table.drop_columns(["payload"]), "is not a backup")
    refused(table.replace_schema_metadata({**said, KEY: b"{"}), "not a Parquet file")
    newer = said[KEY].replace(b'{"id"', b'{"version":2,"id"')
    refused(table.replace_schema_metadata({**said, KEY: newer}), "newer version")
    nonsense = pa.array(["nonsense"] * 2)
    pq.write_table(
        table.set_column(table.schema.get_field_index("task"), "task", nonsense), tmp_path / "no.parquet"
    )
    result = queue.restore(tmp_path / "no.parquet")
    assert (result.done, result.failed_count) == (0, 2)
    assert 'the column "task" of row 0 is not a task: JSON is malformed' in str(result)
    pq.write_table(table.slice(1), tmp_path / "part.parquet")
    assert len(queue.restore(tmp_path / "part.parquet")) == 1, "a part of one is one"


def test_an_empty_queue_comes_back_empty(client: ct.Client, queue: ct.Queue, tmp_path: Path) -> None:
    path = queue.backup(tmp_path / "queue.parquet")
    name = new_id()
    assert client.restore(path, name).done == 0
    assert client.queue(name).count_tasks() == 0
    assert queue.purge(backup=tmp_path / "again.parquet", progress=True).count_tasks() == 0


def test_only_a_place_for_a_file_is_written_to(queue: ct.Queue, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        queue.backup(pipe, overwrite=True)
    with pytest.raises(IsADirectoryError):
        queue.backup(tmp_path, overwrite=True)
    with pytest.raises(FileNotFoundError):
        queue.purge(backup=tmp_path / "missing" / "queue.parquet")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
