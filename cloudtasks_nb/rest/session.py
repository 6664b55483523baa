"""One call in, one answer out: builds the request, keeps the deadline, renews credentials, tries again."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from ..discreet import Address, JsonObject
from ..errors import ApiError, CloudTasksError, ConfigError, ReadOnly, Unauthenticated
from ..model.json import decode
from ..model.versions import AUTO, VERSIONS, Spoken, Version
from .answers import asked, is_unserved
from .auth import Auth, check_secret_way, check_url, is_loopback
from .call import Call
from .deadline import Deadline
from .exchange import MAX_ANSWER_BYTES, Answer, Bounds, connections, exchange
from .heard import Heard
from .nearby import Nearby
from .quotas import Pauses
from .retry import Retry
from .trying import TryingCall
from .versioned import Speaking

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

_instead: ContextVar[Callable[[Session, Call], bytes] | None] = ContextVar("instead", default=None)

# Google compresses answers only for a User-Agent that says gzip (and an Accept-Encoding that allows it).
_HEADERS = {"User-Agent": "cloudtasks-nb (gzip)", "Accept": "application/json"}
_CHANGES_NAMES = frozenset(
    ("api.queue.update", *(f"projects.locations.queues.{verb}" for verb in ("create", "patch", "delete")))
)


class Session:
    """Calls REST methods at one endpoint as one identity. Any thread may call."""

    def __init__(
        self,
        endpoint: str,
        auth: Auth,
        *,
        api_version: Spoken = AUTO,
        timeout_s: float = 20.0,
        retry: Retry | None = None,
    ) -> None:
        check_url(endpoint)
        if auth.secret:
            check_secret_way(endpoint)
        self.endpoint = endpoint.rstrip("/")
        self.auth = auth
        self.api_version = api_version
        self.speaking = Speaking(api_version)
        self.timeout_s = timeout_s
        self.max_answer_bytes = MAX_ANSWER_BYTES
        self.read_only = False
        self.retry = retry or Retry()
        local = is_loopback(urlsplit(endpoint).hostname or "")
        self._headers = _HEADERS | {"Accept-Encoding": "identity" if local else "gzip"}
        self._direct = local
        self._process = os.getpid()
        self._http = connections(direct=local)
        self._closed = False
        self._nearby: Nearby | None = Nearby()
        self.queue_states: dict[str, str] = {}
        self.moved_to: datetime | None = None
        self.heard = Heard()
        self.pauses = Pauses()

    @property
    def on_emulator(self) -> bool:
        """Whether it is an emulator, which knows all at once and has no quota: Google is never asked over http."""
        return self.endpoint.lower().startswith("http://")

    def call(
        self,
        method_id: str,
        kind: type[T],
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> T:
        """Call a method and decode its answer as `kind`. Errors: any CloudTasksError."""
        answer = self.fetch(method_id, path=path, query=query, body=body)
        with asked(method_id, next(iter(path.values()), "")):
            return decode(answer, kind)

    def fetch(
        self,
        method_id: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        version: Version | None = None,
        continues: bool = False,
    ) -> bytes:
        """Call a method; the answer as JSON bytes. Errors: any CloudTasksError.

        `version` is the one that a page token is of. `continues`: as with a page token, it goes on with a listing that
        has begun. Where the endpoint does not serve the version that was chosen, the
        next one is tried, and that is remembered.
        """
        refused: dict[Version, CloudTasksError] = {}
        while len(refused) < len(VERSIONS):
            call = self.speaking.call(
                method_id, path=path, query=query, body=body, version=version, without=refused
            )
            call.continues_listing = call.continues_listing or continues
            try:
                answer = self.send(call)
            except CloudTasksError as error:
                if version is None and self.speaking.may_fall_back(error):
                    refused[call.method.version] = error
                    continue
                self.speaking.learn_unserved(refused)
                raise
            self.speaking.learn_unserved(refused)
            return answer
        raise next(iter(refused.values()))

    def send(self, call: Call) -> bytes:
        """Send a call until it succeeds, is refused for good, or its time is over. Errors: any CloudTasksError."""
        self.check(call)
        instead = _instead.get()
        if instead is not None:
            return instead(self, call)
        if self._nearby is not None and call.method.id in _CHANGES_NAMES:
            self._nearby.forget()
        try:
            return self.persist(call)
        except ApiError as error:
            self.advise(error, call)
            if error.tries:  # it was sent
                self.heard.refused(call, error, self.now())
            if self._nearby is not None and not is_unserved(error):
                self._nearby.explain(self, error)
            raise

    def advise(self, error: CloudTasksError, call: Call) -> None:
        """Where the service refused who calls, say what helps for these credentials."""
        if isinstance(error, Unauthenticated):
            own = (
                "the token that came with the call is wrong or over"
                if call.brings_token
                else self.auth.advice
            )
            error.hint = own or error.hint

    def look(self, call: Call, timeout_s: float) -> bytes:
        """Send a call once, for at most this long. Errors: any CloudTasksError."""
        deadline = Deadline(timeout_s)
        return self._once(call, self._credential(call), deadline)

    def check(self, call: Call) -> None:
        """Refuse what must not be sent. Errors: ConfigError, ReadOnly."""
        if self._closed:
            raise ConfigError("This client is closed.", hint="make a new one with ct.connect() or ct.local()")
        if call.method.changes:
            self.check_may_change(call.method.id, call.resource)
        if call.brings_token or call.brings_key:
            check_secret_way(self.endpoint)

    def check_may_change(self, method: str, resource: str) -> None:
        """Refuse a change where this client only reads. Errors: ReadOnly."""
        if self.read_only:
            with asked(method, resource):
                raise ReadOnly(
                    "This client is read-only, and the call would change the service: nothing was sent.",
                    hint="use a client that was connected without read_only=True",
                )

    def once(self) -> Session:
        """The same connections and identity, trying every call once: for callers with a policy of their own.

        Errors: ConfigError where calls are gathered: many calls, in threads of their own, are no part of a batch.
        """
        if _instead.get() is not None:
            raise ConfigError(
                "A verb that makes many calls cannot be one call of a batch.",
                hint="call it by itself, or add a verb for each task: batch.add(task.delete)",
            )
        single = copy(self)
        single.retry = replace(self.retry, max_tries=1)
        single._nearby = None  # who makes many calls wants no look around for each
        return single

    def beside(self, endpoint: str) -> Session:
        """The same connections and identity at another endpoint. Errors: ConfigError when it is not a safe one."""
        if _instead.get() is not None:
            raise ConfigError(
                "Another service is asked here: this cannot be a part of a batch.", hint="call it by itself"
            )
        check_url(endpoint)
        if self.auth.secret:
            check_secret_way(endpoint)
        other = copy(self)
        other.endpoint = endpoint.rstrip("/")
        other._nearby = None  # queues are not listed there
        return other

    def pause(self, tries: int) -> None:
        """Wait before another round of something that is more than one call."""
        time.sleep(random.random() * self.retry.ceiling_s(tries))  # noqa: S311 - jitter, not a secret

    def now(self) -> datetime:
        """What time it is at the other end: an emulator's clock may have been moved by hand."""
        return self.moved_to or datetime.now(UTC)

    def connections(self) -> requests.Session:
        """The connections of this process: a forked child that used its parent's would read the parent's answers."""
        if self._process != os.getpid():
            self._process, self._http = os.getpid(), connections(direct=self._direct)
        return self._http

    @property
    def is_closed(self) -> bool:
        """Whether its client was closed: calls raise ConfigError then."""
        return self._closed

    def close(self) -> None:
        """End the connections; calls after this raise ConfigError."""
        self._closed = True
        self._http.close()

    def exchange(
        self, verb: str, url: str, body: bytes | None, headers: Mapping[str, str], deadline: Deadline
    ) -> Answer:
        """Send one request as it is and read its answer. Errors: TransportError."""
        headers = JsonObject({**self._headers, **headers})
        bounds = Bounds(deadline, self.max_answer_bytes)
        answer = exchange(self.connections(), verb, url, headers=headers, body=body, bounds=bounds)
        self.heard.date(answer.date, self.now())
        return answer

    def persist(self, call: Call) -> bytes:
        """Try until it succeeds, is refused for good, or its time is over."""
        trying, deadline = TryingCall(call, self.retry, self.pauses), Deadline(self.timeout_s)
        while True:
            trying.ready(deadline)
            credential = self._credential(call)
            trying.begin()
            try:
                answer = self._once(call, credential, deadline)
                trying.passed()
                return answer
            except CloudTasksError as refused:
                error = refused  # an interrupt of the wait is no error within this one
            if trying.may_renew(error) and self.auth.renew(credential):
                continue
            if trying.was_done(error):
                return b"{}"
            trying.wait(error, deadline)

    def _credential(self, call: Call) -> dict[str, str]:
        """Headers that say who calls, unless the call itself does. Errors: AuthError, TransportError."""
        url = Address(self.endpoint + call.target)
        return self.auth.headers(call.method.http, url, token=not call.brings_token, key=not call.brings_key)

    def _once(self, call: Call, credential: dict[str, str], deadline: Deadline) -> bytes:
        """Send a call once. Errors: any CloudTasksError."""
        content_type = {"Content-Type": "application/json"} if call.body is not None else {}
        url = Address(self.endpoint + call.target)
        with asked(call.method.id, call.resource):
            return call.content(
                self.exchange(call.method.http, url, call.body, credential | content_type, deadline)
            )


@contextmanager
def sending_instead(instead: Callable[[Session, Call], bytes]) -> Iterator[None]:
    """Within a with block, and in this thread only, calls are handed to `instead` rather than sent."""
    token = _instead.set(instead)
    try:
        yield
    finally:
        _instead.reset(token)
