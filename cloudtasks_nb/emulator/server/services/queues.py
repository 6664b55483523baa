"""Queues. Source: SPEC section 2."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from msgspec.structs import replace

from ....errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from ....model import Queue
from ....model.messages import Empty, ListQueuesResponse
from ....model.versions import OWN, Version
from ....names import (
    QUEUE_FORMAT,
    LocationName,
    QueueName,
    check_queue_id,
    parse_location,
    parse_queue,
)
from ..calls import masks
from ..calls.filters import parse_filter
from ..calls.refusals import QUEUE_NAME, malformed
from ..clock import to_us
from ..rules import queues as queue_rules
from ..rules.locations import check_location
from ..rules.pages import Listing
from ..rules.queue_patch import patched
from ..rules.queue_words import Asked
from ..store.store import QueueRow
from .context import NOT_FOUND, Serving

MAX_QUEUES = 9800


class QueueService(Serving):
    def list(
        self,
        parent: str,
        *,
        filter: str = "",
        page_size: int = 0,
        page_token: str = "",
        read_mask: str = "",
        version: Version = OWN,
    ) -> ListQueuesResponse:
        _parent(parent)
        now, chosen = self._context.clock.now(), parse_filter(filter, version=version)
        paths = masks.parse_mask(read_mask, "read_mask", version=version)
        page = Listing([parent, filter, read_mask], page_size, page_token, largest=MAX_QUEUES, now=now)
        rows = self._store.queues(parent, page.after[0] if page.after else "")
        matching = (
            row for row in rows if chosen.matches(self._with_stats(row) if chosen.needs_stats else row.queue)
        )
        found = list(islice(matching, page.limit + 1))
        token = page.token(found[page.limit - 1].queue.name) if len(found) > page.limit else ""
        shown = [self._shown(row, paths) for row in found[: page.limit]]
        return ListQueuesResponse(queues=shown, next_page_token=token)

    def get(self, name: str, *, read_mask: str = "", version: Version = OWN) -> Queue:
        row = self._queue(parse_queue(name))
        return self._shown(row, masks.parse_mask(read_mask, "read_mask", version=version))

    def create(self, parent: str, body: Queue) -> Queue:
        _parent(parent)
        name = _name_in(parent, body.name)
        with self._store.transaction():
            return self.add(replace(body, name=str(name)))

    def add(self, asked: Queue) -> Queue:
        """Stores a new queue under its name, inside the caller's transaction. Errors: ApiError."""
        name = parse_queue(asked.name)
        queue = queue_rules.new_queue(asked, name)
        if self._store.queue(queue.name) is not None:
            raise AlreadyExists("Queue already exists")
        if self._store.is_blocked(queue.name, self._context.clock.now()):
            raise FailedPrecondition(
                "The queue cannot be created because a queue with this name existed too recently."
            )
        added = self._store.add_queue(queue, str(name.parent)).queue
        self._store.journal.began(added.name, 0, to_us(self._context.clock.now()))
        return added

    def have(self, asked: Asked) -> None:
        """Creates a queue, or applies the named settings to an existing one; inside the caller's transaction.

        Errors: ApiError.
        """
        name = str(asked.name)
        found = self._store.queue(name)
        if found is None:
            self.add(replace(asked.queue, name=name))
        elif asked.paths:
            self._save(found, patched(found.queue, asked.queue, [*asked.paths]))
        if asked.paused is not None:
            row = self._queue(asked.name)
            self._save(row, replace(row.queue, state="PAUSED" if asked.paused else "RUNNING"))

    def patch(self, name: str, body: Queue, *, update_mask: str = "", version: Version = OWN) -> Queue:
        parsed = parse_queue(name)
        check_location(parsed.parent)
        paths = masks.parse_mask(update_mask, "update_mask", version=version)
        if body.name and body.name != name:
            raise InvalidArgument(
                f"The queue name in the body ('{body.name}') must match the name in the URL ('{name}')."
            )
        with self._store.transaction():
            found = self._store.queue(name)
            if found is None:
                return self.add(replace(masks.pick(body, paths) if paths else body, name=name))
            saved = self._save(found, patched(found.queue, body, paths, version))
            self._store.journal.changed(name, to_us(self._context.clock.now()))
            return saved

    def delete(self, name: str) -> Empty:
        parsed = parse_queue(name)
        check_location(parsed.parent)
        with self._store.transaction():
            found = self._store.queue(name)
            if found is None:
                raise NotFound(NOT_FOUND)
            now = self._context.clock.now()
            self._store.delete_queue(found, now + queue_rules.NAME_BLOCKED)
            self._store.journal.emptied(name, to_us(now), deleted=True)
            self._context.changed(found.row)
        return Empty()

    def pause(self, name: str, body: Empty) -> Queue:
        return self._set_state(name, "PAUSED")

    def resume(self, name: str, body: Empty) -> Queue:
        return self._set_state(name, "RUNNING")

    def purge(self, name: str, body: Empty) -> Queue:
        now = self._context.clock.now()
        with self._store.transaction():
            row = self._queue(parse_queue(name))
            self._store.new_generation(row, now + queue_rules.tombstone_ttl(row.queue))
            self._store.journal.emptied(name, to_us(now))
            return self._save(row, replace(row.queue, purge_time=now))

    def _set_state(self, name: str, state: str) -> Queue:
        with self._store.transaction():
            row = self._queue(parse_queue(name))
            return self._save(row, replace(row.queue, state=state))

    def _shown(self, row: QueueRow, paths: Sequence[masks.Path]) -> Queue:
        """The queue without statistics, or only the requested fields."""
        if not paths:
            return row.queue
        asks_stats = any(path[0] == "stats" for path in paths)
        return masks.pick(self._with_stats(row) if asks_stats else row.queue, paths)

    def _with_stats(self, row: QueueRow) -> Queue:
        stats = self._store.tasks.stats(row.row, row.generation, self._context.clock.now())
        limits = row.queue.rate_limits
        if row.queue.state == "RUNNING" and limits is not None:
            rate = limits.max_tasks_dispatched_per_second or 0
            stats.effective_execution_rate = self._context.hindrances.rate(rate)
        return replace(row.queue, stats=stats)


def _parent(text: str) -> LocationName:
    """The location of a listing or a new queue. Errors: InvalidArgument, with the service's own text."""
    try:
        name = parse_location(text)
    except InvalidArgument:
        raise InvalidArgument("Invalid resource field value in the request.") from None
    return check_location(name)


def _name_in(parent: str, name: str) -> QueueName:
    """The name of a new queue. Errors: InvalidArgument, with the service's own text."""
    parts = name.split("/")
    if len(parts) == 6 and parts[0::2] == ["projects", "locations", "queues"]:
        try:
            check_queue_id(parts[5])
        except InvalidArgument as error:
            raise malformed(error.message, QUEUE_NAME) from None
    try:
        parsed = parse_queue(name)
    except InvalidArgument:
        raise malformed(f'Queue name must be formatted: "{QUEUE_FORMAT}".', QUEUE_NAME) from None
    if str(parsed.parent) != parent:
        raise InvalidArgument(f"{name} must begin with {parent}.")
    return parsed
