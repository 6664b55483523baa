"""The history of attempts shows no secrets."""

from __future__ import annotations

import pytest

from cloudtasks_nb.emulator.client.history import History
from cloudtasks_nb.model.emulated import AttemptRecord

from .conftest import QUEUE


@pytest.mark.parametrize(
    "answer",
    [
        '{"api_key": "hunter2", "n": 1}',
        '{"a": {"token": "hunter2',
        "password=hunter2&n=1",
        '{"n":1,"secret":"\\"hunter2',
    ],
)
def test_secrets_of_an_answer_are_hidden_in_the_history(answer: str) -> None:
    record = AttemptRecord(task=f"{QUEUE}/tasks/t", attempt=1, answer=answer, outcome="RETRY")
    history = History(QUEUE, [record])
    for shown in (str(history), history._repr_html_(), history.to_dataframe().to_csv()):
        assert "hunter2" not in shown
        assert "•••" in shown
