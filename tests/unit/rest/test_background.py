"""The order in which background work and its client end."""

from __future__ import annotations

import signal
import threading

import pytest

from cloudtasks_nb.errors import ConfigError
from cloudtasks_nb.rest.background import Background, Work


class Job:
    """Work that ends when the test says so."""

    def __init__(self, background: Background, *, awaited: bool = True, ends_if: str = "") -> None:
        self.told: list[str] = []
        self.over = threading.Event()
        self._background = background
        self._ends_if = ends_if
        self.work = Work(
            lambda: self.tell("stop"), lambda: self.tell("abandon"), self.over.wait, lambda: awaited
        )
        background.begin(self.work)

    def tell(self, what: str) -> None:
        self.told.append(what)
        if what == self._ends_if:
            self.end()

    def end(self) -> None:
        self._background.ended(self.work)
        self.over.set()


@pytest.fixture
def closed() -> list[str]:
    return []


def test_without_work_a_client_closes_at_once(closed: list[str]) -> None:
    background = Background()
    for _ in range(2):
        background.end(lambda: closed.append("closed"), None)
    assert closed == ["closed"] * 2


def test_the_last_work_closes_the_client(closed: list[str]) -> None:
    background = Background()
    first, second = Job(background, awaited=False), Job(background)
    background.end(lambda: closed.append("closed"), None)
    assert (first.told, second.told) == (["stop"], ["stop"])
    first.end()
    assert closed == []
    second.end()
    assert closed == ["closed"]


def test_work_that_ends_by_itself_closes_nothing(closed: list[str]) -> None:
    background = Background()
    Job(background).end()
    assert closed == []
    background.check_open()


def test_nothing_begins_on_a_client_that_closes(closed: list[str]) -> None:
    background = Background()
    running = Job(background, awaited=False)
    background.end(lambda: closed.append("closed"), None)
    with pytest.raises(ConfigError, match="This client closes"):
        Job(background)
    running.end()
    assert closed == ["closed"]


def test_a_close_waits_for_all_work_and_abandons_it_after_its_timeout(closed: list[str]) -> None:
    background = Background()
    quick, slow = Job(background, ends_if="stop"), Job(background, ends_if="abandon")
    background.end(lambda: closed.append("closed"), 0.01)
    assert (quick.told, slow.told) == (["stop", "abandon"], ["stop", "abandon"])
    assert closed == ["closed"]


def test_work_that_ends_twice_closes_the_client_once(closed: list[str]) -> None:
    background = Background()
    job = Job(background, awaited=False)
    background.end(lambda: closed.append("closed"), None)
    job.end()
    job.end()
    assert closed == ["closed"]


def test_an_interrupt_while_work_is_stopped_does_not_skip_the_close(closed: list[str]) -> None:
    background = Background()
    job = Job(background, ends_if="abandon")
    interrupting = Work(
        lambda: signal.raise_signal(signal.SIGINT), lambda: None, lambda _: True, lambda: True
    )
    background.begin(interrupting)
    with pytest.raises(KeyboardInterrupt):
        background.end(lambda: closed.append("closed"), None)
    background.ended(interrupting)
    assert {"stop", "abandon"} == set(job.told)
    assert closed == ["closed"]


def test_a_third_interrupt_ends_the_wait(closed: list[str]) -> None:
    background = Background()
    job = Job(background)

    def wait(_: float) -> bool:
        signal.raise_signal(signal.SIGINT)
        return False

    background.begin(Work(lambda: None, lambda: None, wait, lambda: True))
    background.ended(job.work)
    with pytest.raises(KeyboardInterrupt):
        background.end(lambda: closed.append("closed"), None)
    assert closed == []


def test_work_whose_service_ends_during_the_wait_ends_at_once(closed: list[str]) -> None:
    background = Background()
    told: list[str] = []
    served = iter([True, False])

    def wait(_: float) -> bool:
        if told.count("abandon") == 2:
            background.ended(work)
        return told.count("abandon") == 2

    work = Work(lambda: told.append("stop"), lambda: told.append("abandon"), wait, lambda: True)
    background.begin(work)
    background.end(lambda: closed.append("closed"), None, lambda: next(served))
    assert told == ["stop", "abandon", "abandon"]
    assert closed == ["closed"]
