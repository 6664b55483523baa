"""The policy of retries, and the times that callers say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.rest.multipart import read_parts


@pytest.mark.parametrize(
    "given",
    [{"max_tries": 0}, {"max_tries": "3"}, {"initial_s": -1}, {"multiplier": 0.5}, {"maximum_s": float("nan")},
     {"quota_wait_s": None}, {"maximum_s": timedelta(seconds=1)}],
)  # fmt: skip
def test_a_policy_that_cannot_be_is_refused_at_once(given: dict[str, Any]) -> None:
    (name,) = given
    with pytest.raises(ct.ConfigError, match=f"{name}=") as caught:
        ct.Retry(**given)
    assert caught.value.hint


@pytest.mark.parametrize("timeout", [0, -1, "soon", float("nan"), timedelta(days=2)])
def test_a_batch_takes_no_time_that_is_none(timeout: Any) -> None:
    with (
        ct.connect("p", endpoint="http://localhost:1") as client,
        pytest.raises(ct.ConfigError, match="timeout="),
    ):
        client.batch(timeout=timeout)


@pytest.mark.parametrize("written", [lambda at: "30", lambda at: format_datetime(at, usegmt=True)])
def test_a_part_of_a_batch_may_ask_for_patience_in_seconds_or_by_a_date(written: Any) -> None:
    later = written(datetime.now(UTC) + timedelta(seconds=30))
    part = f"HTTP/1.1 429 X\r\nContent-Type: application/json\r\nRetry-After: {later}\r\n\r\n{{}}"
    body = f"--b\r\nContent-Type: application/http\r\nContent-ID: <response-x + 0>\r\n\r\n{part}\r\n--b--\r\n"
    found = read_parts('multipart/mixed; boundary="b"', body.encode())
    assert 0 < found[0].retry_after_s <= 30
