"""Queues that are named on the command line."""

from __future__ import annotations

import pytest

from cloudtasks_nb.emulator.server.rules.queue_words import queue_word


@pytest.mark.parametrize("setting", ["rate=0", "rate=0.0/m", "burst=0", "concurrent=0"])
def test_0_is_refused_because_the_api_takes_it_for_the_default(setting: str) -> None:
    key = setting.partition("=")[0]
    with pytest.raises(ValueError, match=f"not a valid value of {key}; paused=1 pauses the queue"):
        queue_word(f"emails={setting}", "local")


def test_doublings_may_be_0() -> None:
    held = queue_word("emails=doublings=0,rate=0.5", "local").queue.retry_config
    assert held is not None
    assert held.max_doublings == 0
