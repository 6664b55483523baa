"""Round trips in each version give an equal task, or raise an error with the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cloudtasks_nb as ct
from cloudtasks_nb.model.versions import VERSIONS, Version
from tests.integration.filling import URL, new_id

FIELDS = (
    "http_request",
    "app_engine_http_request",
    "pull_message",
    "schedule_time",
    "retry_config",
    "dispatch_deadline",
)
READS_WHOLE: dict[str, Version] = {"http": "v2beta3", "app_engine": "v2beta3", "pull": "v2beta2"}

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
ASCII = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), max_size=20)
HEADERS = st.dictionaries(st.from_regex(r"X-[A-Za-z0-9]{1,10}", fullmatch=True), ASCII, max_size=3)
SECRETS = st.sampled_from([{}, {}, {"Authorization": "Bearer secret"}])
WHEN = st.integers(3600, 700 * 3600).map(
    lambda seconds: datetime.now(UTC).replace(microsecond=seconds % 1_000_000) + timedelta(seconds=seconds)
)
RETRIES = st.none() | st.builds(
    ct.RetryConfig,
    max_attempts=st.integers(1, 1000),
    min_backoff=st.none() | st.integers(1, 100).map(lambda tenths: tenths / 10),
    max_doublings=st.none() | st.integers(0, 20),
)
UNLIMITED = st.just(ct.RetryConfig(unlimited_attempts=True))
PAYLOADS = st.binary(max_size=100) | WORDS | st.sampled_from([b'{ "a" : 1, "b" : null }', b"{}", b"[1.0]"])
ACCOUNT = "bot@p.iam.gserviceaccount.com"
COMMON = {"schedule": WHEN, "retry_config": RETRIES | UNLIMITED}
PUSH = {
    **COMMON,
    "method": st.sampled_from([None, "POST", "PUT"]),
    "payload": PAYLOADS,
    "dispatch_deadline": st.none() | st.sampled_from([15, 20.5, 600]),
}
KINDS = {
    "http": st.fixed_dictionaries(
        {
            **PUSH,
            "url": st.sampled_from([URL, "https://example.com/é?q=1#x"]),
            "headers": st.builds(lambda a, b: a | b, HEADERS, SECRETS),
            "oidc_token": st.none()
            | st.just(ct.OidcToken(service_account_email=ACCOUNT, audience="https://a")),
        }
    )
    | st.fixed_dictionaries(
        {**COMMON, "method": st.sampled_from(["GET", "DELETE"]), "url": st.just(URL)},
        optional={"oauth_token": st.just(ct.OAuthToken(service_account_email=ACCOUNT, scope="s"))},
    ),
    "app_engine": st.fixed_dictionaries(
        {
            **PUSH,
            "relative_url": st.sampled_from(["/", "/work?x=1"]),
            "headers": HEADERS,
            "routing": st.none() | st.builds(ct.AppEngineRouting, service=st.sampled_from(["worker", ""])),
        }
    ),
    "pull": st.fixed_dictionaries(
        {
            "schedule": WHEN,
            "retry_config": st.none() | st.builds(ct.RetryConfig, max_attempts=st.integers(1, 9)),
            "payload": PAYLOADS,
            "tag": st.none() | WORDS,
        }
    ),
}


def as_frame(source: ct.Queue, target: ct.Queue, folder: Path) -> ct.BulkResult:
    return target.create_tasks(source.tasks(view="FULL").to_dataframe())


def as_parquet(source: ct.Queue, target: ct.Queue, folder: Path) -> ct.BulkResult:
    return target.create_tasks(
        pd.read_parquet(source.tasks(view="FULL").to_parquet(folder / f"{target.id}.parquet"))
    )


def as_csv(source: ct.Queue, target: ct.Queue, folder: Path) -> ct.BulkResult:
    path = source.tasks(view="FULL").to_csv(folder / f"{target.id}.csv")
    return target.create_tasks(pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""]))


def as_backup(source: ct.Queue, target: ct.Queue, folder: Path) -> ct.BulkResult:
    source.purge(backup=folder / f"{target.id}.backup")
    try:
        return target.restore(folder / f"{target.id}.backup")
    finally:
        with ct.connect(endpoint=source._session.endpoint, api_version=READS_WHOLE[source.kind]) as whole:
            whole.queue(source.name).restore(folder / f"{target.id}.backup").raise_for_errors()


WAYS: dict[str, Callable[[ct.Queue, ct.Queue, Path], ct.BulkResult]] = {
    "copy": lambda source, target, _: source.copy_tasks(to=target),
    "tasks": lambda source, target, _: target.create_tasks(list(source.tasks(view="FULL"))),
    "frame": as_frame,
    "parquet": as_parquet,
    "csv": as_csv,
    "backup": as_backup,
    "move": lambda source, target, _: source.move_tasks(to=target),
}


def contents(queue: ct.Queue) -> list[list[Any]]:
    """Tasks in an order independent of their ids, because a purged task gets a new id."""
    return sorted(([getattr(task, field) for field in FIELDS] for task in queue.tasks(view="FULL")), key=repr)


def test_one_task_that_a_version_cannot_write_fails_alone(emulator: str, tmp_path: Path) -> None:
    later, own = (
        ct.connect("local", "us-central1", endpoint=emulator, api_version=version)
        for version in ("v2beta3", "v2beta2")
    )
    source = later.create_queue(new_id())
    rows = [{"url": URL, "task_id": name, "schedule": 3600, "dispatch_deadline": 30} for name in "ab"]
    source.create_tasks([rows[0], {**rows[1], "dispatch_deadline": None}]).raise_for_errors()
    targets = [own.create_queue(new_id()) for _ in range(4)]
    results = [
        source.copy_tasks(to=targets[0]),
        source.copy_tasks(["a", "b"], to=targets[1]),
        targets[2].restore(source.backup(tmp_path / "queue.parquet")),
        source.move_tasks(to=targets[3]),
    ]
    for result, target in zip(results, targets, strict=True):
        assert [task.id for task in target.tasks()] == ["b"]
        assert (result.done, result.failed_count) == (1, 1)
        assert "Task.dispatch_deadline does not exist in v2beta2" in str(result)
    assert [task.id for task in source.tasks()] == ["a"]
    with pytest.raises(ct.InvalidRows, match=r"item 0: Task\.dispatch_deadline does not exist"):
        targets[0].create_tasks(rows)


@pytest.mark.filterwarnings("ignore:.*lacks the content of")
@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("version", VERSIONS)
def test_a_task_comes_back_equal_or_is_refused(
    emulator: str, tmp_path: Path, version: Version, kind: Any
) -> None:
    whole = ct.connect("local", "us-central1", endpoint=emulator, api_version=READS_WHOLE[kind])
    spoken = ct.connect("local", "us-central1", endpoint=emulator, api_version=version)

    @settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(KINDS[kind], min_size=1, max_size=4))
    def check(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            if version == "v2beta2":  # this version does not return deadlines
                row.pop("dispatch_deadline", None)
        held = whole.create_queue(new_id(), kind=kind)
        held.create_tasks(rows).raise_for_errors()
        before = contents(held)
        for way, go in WAYS.items():
            taken = whole.create_queue(new_id(), kind=kind)
            try:
                result = go(spoken.queue(held.name), spoken.queue(taken.name), tmp_path)
            except (ct.InvalidRows, ct.BackupIncomplete, ct.ConfigError) as refusal:
                assert str(refusal), way
                assert (contents(held), contents(taken)) == (before, []), way
                continue
            assert all(item.error is not None and item.error.message for item in result.failed), way
            there, left = contents(taken), contents(held)
            assert len(there) == result.done, way
            assert [one for one in before if one not in there and one not in left] == [], way
            assert [one for one in there if one not in before] == [], way
            assert len(left) == len(before) - (result.done if way == "move" else 0), way

    check()
    for client in (whole, spoken):
        client.close()
