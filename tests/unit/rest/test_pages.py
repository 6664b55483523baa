"""Listings that would never end, invalid pages, responses that are too large."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct
from tests.scripted import Scripted, answer, scripted

PLACE = "projects/p/locations/us-central1"
QUEUE = f"{PLACE}/queues/emails"
READ = answer(200, {"name": QUEUE, "state": "RUNNING"})


def page(token: str = "", number: int = 0, **task: Any) -> bytes:
    return answer(200, {"tasks": [{"name": f"{QUEUE}/tasks/t{number}", **task}], "nextPageToken": token})


@contextmanager
def queue_of(*script: bytes, **options: Any) -> Iterator[tuple[ct.Queue, Scripted]]:
    with (
        scripted(READ, *script) as server,
        ct.connect("p", "us-central1", endpoint=server.url, retry=ct.Retry(max_tries=1), **options) as client,
    ):
        yield client.queue("emails"), server


READERS: dict[str, Callable[[ct.Queue, Path], object]] = {
    "iteration": lambda queue, folder: list(queue.tasks()),
    "pages": lambda queue, folder: list(queue.tasks().pages()),
    "DataFrame": lambda queue, folder: queue.tasks().to_dataframe(progress=False),
    "Arrow": lambda queue, folder: queue.tasks().to_arrow(progress=False),
    "Parquet": lambda queue, folder: queue.tasks().to_parquet(folder / "a.parquet", progress=False),
    "CSV": lambda queue, folder: queue.tasks().to_csv(folder / "a.csv", progress=False),
    "count": lambda queue, folder: queue.count_tasks(progress=False),
    "bulk": lambda queue, folder: queue.delete_tasks(queue.tasks(), progress=False),
}


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
@pytest.mark.parametrize("reader", READERS)
def test_a_listing_whose_token_comes_again_ends_with_the_page_and_what_was_asked(
    reader: str, tokens: list[str], tmp_path: Path
) -> None:
    script = [page(token, number) for number, token in enumerate(tokens)]
    with queue_of(*script) as (queue, server):
        with pytest.raises(
            ct.DecodeError, match=rf"Page {len(tokens)} of the tasks of us-central1/emails"
        ) as caught:
            READERS[reader](queue, tmp_path)
        listed = [request for request in server.requests[1:] if "GET" in request]
    assert "would never end" in caught.value.message and tokens[-1] in caught.value.message
    read = f"Items read before: {len(tokens) - 1}."
    assert (read in caught.value.message) == (
        reader in ("iteration", "pages", "DataFrame", "Arrow", "Parquet", "CSV", "bulk")
    )
    assert (caught.value.method, caught.value.resource) == ("projects.locations.queues.tasks.list", QUEUE)
    assert len(listed) == len(tokens)
    assert list(tmp_path.iterdir()) == []


def test_a_page_behind_a_token_that_leads_to_itself_is_refused() -> None:
    with queue_of(page("a"), page("a", 1)) as (queue, _):
        tasks = queue.tasks()
        with pytest.raises(ct.DecodeError, match="would never end"):
            tasks.page("a")


def test_other_listings_end_as_well() -> None:
    found = {"queues": [{"name": QUEUE}], "locations": [{"name": PLACE, "locationId": "us-central1"}]}
    again = answer(200, found | {"nextPageToken": "a"})
    for read in (
        lambda client: list(client.locations()),
        lambda client: list(client.queues()),
        lambda client: list(client.api.projects.locations.queues.list.pages(parent=PLACE)),
    ):
        with scripted(again, again) as server, ct.connect("p", "us-central1", endpoint=server.url) as client:
            with pytest.raises(ct.DecodeError, match=r"Page 2 of the .*would never end"):
                read(client)  # type: ignore[no-untyped-call]
            assert len(server.requests) == 2
    two = answer(200, {"locations": [{"name": "projects/p/locations/a"}, {"name": "projects/p/locations/b"}]})
    with (
        scripted(two, again, again, again, again) as server,
        ct.connect("p", endpoint=server.url) as client,
        pytest.raises(ct.DecodeError, match=r"Page 2 of the queues of a .*would never end"),
    ):
        client.queues("-")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "broken", [{"tasks": 7}, {"tasks": [], "nextPageToken": 7}, {"tasks": [{"name": 7}]}]
)
def test_a_page_that_cannot_be_read_says_which_one_it_is_and_what_was_asked(
    reader: str, broken: dict[str, Any], tmp_path: Path
) -> None:
    with (
        queue_of(page("a"), answer(200, broken)) as (queue, _),
        pytest.raises(ct.DecodeError, match=r"^Page 2 of the tasks of us-central1/emails") as caught,
    ):
        READERS[reader](queue, tmp_path)
    assert (caught.value.method, caught.value.resource) == ("projects.locations.queues.tasks.list", QUEUE)


@pytest.mark.parametrize("reader", [name for name in READERS if name != "count"])  # which reads no fields
@pytest.mark.parametrize(
    "task",
    [
        {"scheduleTime": "99999-01-01T00:00:00Z"},
        {"dispatchCount": 10**20},
        {"httpRequest": {"url": "https://x", "headers": {"a": 1}}},
    ],
)
def test_a_field_that_no_column_can_hold_is_told_with_its_page(
    reader: str, task: dict[str, Any], tmp_path: Path
) -> None:
    second = answer(200, {"tasks": [{"name": f"{QUEUE}/tasks/b", **task}]})
    with (
        queue_of(page("a"), second) as (queue, _),
        pytest.raises(ct.DecodeError, match=r"^Page 2 of the tasks of us-central1/emails") as caught,
    ):
        READERS[reader](queue, tmp_path)
    assert (caught.value.method, caught.value.resource) == ("projects.locations.queues.tasks.list", QUEUE)


@pytest.mark.parametrize("reader", ["DataFrame", "Parquet"])
def test_a_table_of_tasks_without_a_queue_is_a_fault_of_the_page(reader: str, tmp_path: Path) -> None:
    with (
        queue_of(answer(200, {"tasks": [{"name": "elsewhere"}]})) as (queue, _),
        pytest.raises(ct.DecodeError, match=r"^Page 1 .*not in a queue"),
    ):
        READERS[reader](queue, tmp_path)


def bomb(megabytes: int) -> bytes:
    """JSON that compresses a thousandfold."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    piece = packer.compress(b'{"tasks": [') + b"".join(
        packer.compress(b" " * 2**20) for _ in range(megabytes)
    )
    return answer(200, piece + packer.compress(b"]}") + packer.flush(), Content_Encoding="gzip")


def test_an_answer_has_a_bound_when_it_is_unpacked() -> None:
    import tracemalloc

    with queue_of(*[bomb(400)] * 12, max_answer_bytes=2**20) as (queue, server):
        tracemalloc.start()
        with pytest.raises(ct.AnswerTooLarge, match=r"larger than 1,048,576 bytes") as caught:
            queue.tasks()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        sizes = [
            found[1] for request in server.requests[1:] if (found := re.search(r"pageSize=(\d+)", request))
        ]
    assert peak < 64 * 2**20
    assert sizes == ["1000", "500", "250", "125", "62", "31", "15", "7", "3", "1"]
    assert "max_answer_bytes" in str(caught.value.hint)


def test_an_answer_that_announces_too_many_bytes_is_not_read() -> None:
    huge = answer(200, b"{}").replace(b"Content-Length: 2", b"Content-Length: 999999999999")
    with (
        queue_of(huge) as (queue, _),
        pytest.raises(ct.AnswerTooLarge, match=r"larger than 536,870,912 bytes"),
    ):
        queue.tasks(page_size=1)


def test_an_answer_without_a_length_is_read_to_its_end() -> None:
    body = b'{"tasks": [], "nextPageToken": ""}' + b" " * 300_000
    ended = answer(200, body).replace(b"Content-Length: %d\r\n" % len(body), b"")
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    head = ended.removesuffix(body).replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    with queue_of(ended, head + chunked) as (queue, _):
        assert [len(queue.tasks().first_page) for _ in range(2)] == [0, 0]


def test_the_kind_of_an_unread_queue_is_that_of_its_first_task() -> None:
    """The other tasks of the page are only read when they are used."""
    good = {"name": f"{QUEUE}/tasks/t0", "createTime": "2026-01-01T00:00:00Z"}
    odd = {"name": f"{QUEUE}/tasks/t1", "createTime": "never"}
    with (
        scripted(answer(200, {"tasks": [good, odd]}), answer(200, {"tasks": [odd, good]})) as server,
        ct.connect("p", "us-central1", endpoint=server.url, api_version="v2beta2") as client,
    ):
        queue = client.queue("emails", read=False)
        tasks = queue.tasks()
        with pytest.raises(ct.DecodeError, match="Page 1 of the tasks of us-central1/emails"):
            list(tasks)
        with pytest.raises(ct.DecodeError, match="Page 1 of the tasks of us-central1/emails"):
            queue.tasks()


def test_a_listing_goes_on_with_smaller_pages_from_the_same_token() -> None:
    large = answer(200, {"tasks": [{"name": f"{QUEUE}/tasks/{number}"} for number in range(100)]})
    with queue_of(page("a"), large, page("b", 1), page("", 2), max_answer_bytes=2000) as (queue, server):
        assert [task.id for task in queue.tasks(page_size=8)] == ["t0", "t1", "t2"]
    asked = [re.findall(r"page(?:Size|Token)=(\w+)", request) for request in server.requests[1:]]
    assert asked == [["8"], ["8", "a"], ["4", "a"], ["4", "b"]]


def test_an_answer_of_one_layer_is_read_whole_and_one_of_two_layers_is_refused() -> None:
    body = b'{"tasks": [], "nextPageToken": ""}' + b" " * 300_000
    once = answer(200, gzip.compress(body), Content_Encoding="gzip")
    twice = answer(200, gzip.compress(gzip.compress(body)), Content_Encoding="gzip, gzip")
    with queue_of(once, twice) as (queue, _):
        assert list(queue.tasks()) == []
        with pytest.raises(ct.TransportError, match="more than once"):
            queue.tasks()
    with (
        queue_of(answer(200, body, Content_Encoding="gzip")) as (queue, _),
        pytest.raises(ct.TransportError, match="sent invalid compressed data"),
    ):
        queue.tasks()


@pytest.mark.parametrize("given", [0, -1, 1.5, True, "many"])
def test_what_is_no_size_is_refused(given: Any) -> None:
    with pytest.raises(ct.ConfigError, match="max_answer_bytes"):
        ct.connect("p", endpoint="http://127.0.0.1:9", max_answer_bytes=given)
