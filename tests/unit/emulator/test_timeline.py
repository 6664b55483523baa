"""A manual clock: every event happens at its own time, and no wait is endless."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from cloudtasks_nb.emulator.server.clock import ManualClock
from cloudtasks_nb.emulator.server.timeline import Timeline

from .conftest import NOW


class Alarm:
    """A part with events at given times."""

    def __init__(self, clock: ManualClock, *after_s: float) -> None:
        self.clock = clock
        self.due = [NOW + timedelta(seconds=seconds) for seconds in after_s]
        self.rang: list[float] = []

    def next_at(self) -> datetime | None:
        return min((moment for moment in self.due if moment > self.clock.now()), default=None)

    def quiet(self) -> bool:
        return not any(moment <= self.clock.now() for moment in self.due)

    async def settle(self) -> None:
        now = self.clock.now()
        for moment in [moment for moment in self.due if moment <= now]:
            self.due.remove(moment)
            self.rang.append((now - NOW).total_seconds())


def test_what_becomes_due_on_the_way_happens_at_its_own_moment() -> None:
    async def main() -> tuple[bool, list[float], datetime]:
        clock = ManualClock(NOW)
        timeline, alarm = Timeline(clock), Alarm(clock, 0, 10, 30, 90)
        timeline.add(alarm)
        settled = await timeline.advance(timedelta(minutes=1), 10)
        return settled, alarm.rang, clock.now()

    assert asyncio.run(main()) == (True, [0, 10, 30], NOW + timedelta(minutes=1))


def test_one_part_may_give_another_something_to_do() -> None:
    class Chained(Alarm):
        async def settle(self) -> None:
            before = len(self.rang)
            await super().settle()
            later.due += [self.clock.now()] * (len(self.rang) - before)

    clock = ManualClock(NOW)
    later = Alarm(clock)

    async def main() -> None:
        timeline = Timeline(clock)
        timeline.add(later)  # settled first, and again for the events after it
        timeline.add(Chained(clock, 5))
        await timeline.advance(timedelta(minutes=1), 10)

    asyncio.run(main())
    assert later.rang == [5]


def test_who_never_settles_does_not_hold_the_clock() -> None:
    class Hanging(Alarm):
        async def settle(self) -> None:
            await asyncio.Event().wait()

    async def main() -> tuple[bool, datetime]:
        clock = ManualClock(NOW)
        timeline = Timeline(clock)
        timeline.add(Hanging(clock))
        return await timeline.advance(timedelta(hours=2), 0), clock.now()

    assert asyncio.run(main()) == (False, NOW + timedelta(hours=2))


def test_a_deadline_is_over_when_the_clock_says_so_and_not_before() -> None:
    async def main() -> list[str]:
        clock, ended = ManualClock(NOW), []
        begun = asyncio.Event()

        async def work() -> None:
            try:
                async with clock.deadline(600):
                    begun.set()
                    await asyncio.Event().wait()
            except TimeoutError:
                ended.append(str(clock.now() - NOW))

        working = asyncio.create_task(work())
        await begun.wait()
        assert clock.next_moment() == NOW + timedelta(minutes=10)
        clock.advance(timedelta(minutes=9))
        await asyncio.sleep(0)
        assert not ended
        clock.advance(timedelta(minutes=1))
        await working
        assert clock.next_moment() is None
        return ended

    assert asyncio.run(main()) == ["0:10:00"]


def test_no_time_beyond_the_calendar() -> None:
    async def main() -> None:
        await Timeline(ManualClock(NOW)).advance(timedelta(days=3_000_000), 1)

    with pytest.raises(OverflowError):
        asyncio.run(main())


def test_who_sleeps_wakes_at_its_own_moment_and_counts_as_asleep_until_then() -> None:
    async def main() -> list[str]:
        clock, woke = ManualClock(NOW), []

        async def sleep(for_s: float) -> None:
            await clock.sleep(for_s)
            woke.append(f"{clock.now() - NOW} {clock.asleep}")

        sleeping = [asyncio.create_task(sleep(for_s)) for for_s in (5, 1)]
        await asyncio.sleep(0)
        assert clock.asleep == 2
        await Timeline(clock).advance(timedelta(minutes=1), 10)
        await asyncio.gather(*sleeping)
        assert clock.next_moment() is None
        return woke

    assert asyncio.run(main()) == ["0:00:01 1", "0:00:05 0"]


def test_nobody_counts_as_asleep_while_a_deadline_cuts_somebody_off() -> None:
    async def main() -> None:
        clock = ManualClock(NOW)

        async def slow() -> None:
            async with clock.deadline(10):
                await clock.sleep(60)

        sleeping = asyncio.create_task(slow())
        await asyncio.sleep(0)
        assert clock.asleep == 1
        clock.advance(timedelta(seconds=10))
        assert clock.asleep == 0
        with pytest.raises(TimeoutError):
            await sleeping
        assert (clock.asleep, clock.next_moment()) == (0, None)

    asyncio.run(main())
