from __future__ import annotations

import pytest

from cloudtasks_nb.paging.listing import Page
from cloudtasks_nb.widgets.task_pages import PAGES_KEPT, Pages


class Listing:
    """A listing of `count` pages with one number each; records the requested tokens."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[str] = []

    def __call__(self) -> Listing:
        self.held = self.page("")
        return self

    def pages(self) -> object:
        yield self.held

    def page(self, token: str = "") -> Page[int]:
        self.asked.append(token)
        number = int(token or 1)
        return Page([number], str(number + 1) if number < self.count else "")


def test_forth_fetches_each_page_once_and_back_fetches_nothing() -> None:
    listing = Listing(3)
    pages: Pages[int] = Pages(listing)  # type: ignore[arg-type]
    assert pages.page.items == [] and listing.asked == []
    assert [pages.load().items, pages.forward().items, pages.forward().items] == [[1], [2], [3]]
    assert listing.asked == ["", "2", "3"]
    assert [pages.back().items, pages.back().items, pages.forward().items] == [[2], [1], [2]]
    assert listing.asked == ["", "2", "3"]
    assert pages.number == 2


def test_one_stays_at_both_ends() -> None:
    pages: Pages[int] = Pages(Listing(1))  # type: ignore[arg-type]
    pages.load()
    assert pages.forward().items == pages.back().items == [1]
    assert pages.number == 1


def test_only_the_last_few_pages_are_kept() -> None:
    listing = Listing(PAGES_KEPT + 3)
    pages: Pages[int] = Pages(listing)  # type: ignore[arg-type]
    pages.load()
    while pages.page.next_page_token:
        pages.forward()
    fetched = len(listing.asked)
    while pages.number > 1:
        pages.back()
    assert pages.page.items == [1]
    assert len(listing.asked) == fetched + 3


def test_loading_again_reads_the_page_one_is_on() -> None:
    listing = Listing(3)
    pages: Pages[int] = Pages(listing)  # type: ignore[arg-type]
    pages.load()
    pages.forward()
    assert pages.load().items == [2]
    assert pages.back().items == [1]
    assert listing.asked == ["", "2", "2", ""]


def test_a_failing_fetch_leaves_one_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing(3)
    pages: Pages[int] = Pages(listing)  # type: ignore[arg-type]
    pages.load()

    def fail(token: str = "") -> Page[int]:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(listing, "page", fail)
        with pytest.raises(ConnectionError):
            pages.forward()
    assert (pages.number, pages.page.items) == (1, [1])
    assert pages.forward().items == [2]
