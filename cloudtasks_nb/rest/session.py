"""Makes one call: builds the request, keeps the deadline, renews credentials, and retries."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from msgspec.structs import replace

from ..connected import Connected
from ..discreet import Address, JsonObject
from ..errors import ApiError, CloudTasksError, ConfigError, ReadOnly, Unauthenticated
from ..model.choosing import EVERY_FIELD, READ_MASK
from ..model.json import decode
from ..model.versions import AUTO, VERSIONS, Spoken, Version
from .answers import asked, check_named, is_unserved
from .auth import Auth, check_secret_way, check_url, is_loopback
from .background import Background
from .call import Call
from .connections import Connections
from .deadline import Deadline
from .exchange import MAX_ANSWER_BYTES, Answer, Bounds, exchange
from .heard import Heard
from .nearby import Nearby
from .quotas import Pauses
from .retry import Retry
from .trying import TryingCall
from .versioned import Speaking

T = TypeVar("T")

_instead: ContextVar[Callable[[Session, Call], bytes] | None] = ContextVar("instead", default=None)

# Google compresses responses only if User-Agent contains gzip (and Accept-Encoding allows it).
_HEADERS = {"User-Agent": "cloudtasks-nb (gzip)", "Accept": "application/json"}
_CHANGES_NAMES = frozenset(
    ("api.queue.update", *(f"projects.locations.queues.{verb}" for verb in ("create", "patch", "delete")))
)


class Session(Connected):
    """Calls REST methods at one endpoint as one identity. Thread-safe."""

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
        self._http = Connections(direct=local)
        self._nearby: Nearby | None = Nearby()
        self.queue_states: dict[str, str] = {}
        self.moved_to: datetime | None = None
        self.background = Background()
        self.heard = Heard()
        self.pauses = Pauses()

    @property
    def on_emulator(self) -> bool:
        """Whether the endpoint is an emulator, which has no quota and no delays. Google never uses plain http."""
        return self.endpoint.lower().startswith("http://")

    def call(
        self,
        method_id: str,
        kind: type[T],
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        repeats: bool = False,
    ) -> T:
        """Call a method, and decode its response as `kind`. Errors: any CloudTasksError.

        `repeats`: the response may be empty, because a retry found that the first try had succeeded. With a read mask,
        the response has only the fields of the mask.
        """
        answer = self.fetch(method_id, path=path, query=query, body=body)
        with asked(method_id, next(iter(path.values()), "")):
            found = decode(answer, kind)
            if not repeats and (query or {}).get(READ_MASK) in (None, EVERY_FIELD):
                check_named(kind.__name__, getattr(found, "name", ""))
            return found

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
        """Call a method, and return the response as JSON bytes. Errors: any CloudTasksError.

        `version` is the API version of a page token. `continues`: the call belongs to a running listing, as with a page
        token. If the endpoint does not serve the chosen version, the next one is used from then on.
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
        """Send a call until it succeeds, fails finally, or its deadline passes. Errors: any CloudTasksError."""
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
        """If the service rejected the credentials, set the hint that fits them."""
        if isinstance(error, Unauthenticated):
            own = (
                "the token of this call is invalid or has expired" if call.brings_token else self.auth.advice
            )
            error.hint = own or error.hint

    def look(self, call: Call, timeout_s: float) -> bytes:
        """Send a call once, with this timeout. Errors: any CloudTasksError."""
        deadline = Deadline(timeout_s)
        return self._once(call, self._credential(call), deadline)

    def check(self, call: Call) -> None:
        """Raise if a call must not be sent. Errors: ConfigError, ReadOnly."""
        self.background.check_open()
        if call.method.changes:
            self.check_may_change(call.method.id, call.resource)
        if call.brings_token or call.brings_key:
            check_secret_way(self.endpoint)

    def check_may_change(self, method: str, resource: str) -> None:
        """Raise if this client is read-only and the method changes something. Errors: ReadOnly."""
        if self.read_only:
            with asked(method, resource):
                raise ReadOnly(
                    "This client is read-only, and the call would change the service: nothing was sent.",
                    hint="use a client that was connected without read_only=True",
                )

    def once(self) -> Session:
        """A session with the same connections and identity, but without retries: for callers with their own policy.

        Errors: ConfigError within client.batch(), because many calls in several threads cannot be part of a batch.
        """
        if _instead.get() is not None:
            raise ConfigError(
                "A verb that makes many calls cannot be part of a batch.",
                hint="call it outside the batch, or add a call for each task: batch.add(task.delete)",
            )
        single = copy(self)
        single.retry = replace(self.retry, max_tries=1)
        single._nearby = None  # no listing of similar names for each of many calls
        return single

    def beside(self, endpoint: str) -> Session:
        """A session with the same connections and identity at another endpoint. Errors: ConfigError if it is unsafe."""
        if _instead.get() is not None:
            raise ConfigError(
                "A call of another service cannot be part of a batch.", hint="make it outside the batch"
            )
        check_url(endpoint)
        if self.auth.secret:
            check_secret_way(endpoint)
        other = copy(self)
        other.endpoint = endpoint.rstrip("/")
        other._nearby = None  # that service has no queues to list
        return other

    def pause(self, tries: int) -> None:
        """Wait before the next round of an operation of several calls."""
        time.sleep(random.random() * self.retry.ceiling_s(tries))  # noqa: S311 - jitter, not a secret

    def now(self) -> datetime:
        """The current time of the service; an emulator's clock can be moved."""
        return self.moved_to or datetime.now(UTC)

    def connections(self) -> Connections:
        """The connections of this process. A forked child needs its own: it would read its parent's responses."""
        if self._process != os.getpid():
            self._process, self._http = os.getpid(), Connections(direct=self._direct)
        return self._http

    @property
    def is_closed(self) -> bool:
        """Whether its client was closed. Calls then raise ConfigError."""
        return self.background.is_closed

    def close(self) -> None:
        """Close the connections. Later calls raise ConfigError."""
        self.background.is_closed = True
        self._http.close()

    def exchange(
        self, verb: str, url: str, body: bytes | None, headers: Mapping[str, str], deadline: Deadline
    ) -> Answer:
        """Send one request unchanged, and read its response. Errors: TransportError."""
        headers = JsonObject({**self._headers, **headers})
        bounds = Bounds(deadline, self.max_answer_bytes)
        answer = exchange(self.connections(), verb, url, headers=headers, body=body, bounds=bounds)
        self.heard.date(answer.date, self.now())
        return answer

    def persist(self, call: Call) -> bytes:
        """Try until the call succeeds, fails finally, or its deadline passes."""
        trying, deadline = TryingCall(call, self.retry, self.pauses), Deadline(self.timeout_s)
        while True:
            trying.ready(deadline)
            self.background.check_open()  # it may have been closed during a wait
            credential = self._credential(call)
            trying.begin()
            try:
                answer = self._once(call, credential, deadline)
                trying.passed()
                return answer
            except CloudTasksError as refused:
                error = refused  # otherwise an interrupt of the wait would show this error as its context
            if trying.may_renew(error) and self.auth.renew(credential):
                continue
            if trying.was_done(error):
                return b"{}"
            trying.wait(error, deadline)

    def _credential(self, call: Call) -> dict[str, str]:
        """Headers with the credentials, unless the call has its own. Errors: AuthError, TransportError."""
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
    """Within a with block, in this thread only, pass calls to `instead` and do not send them."""
    token = _instead.set(instead)
    try:
        yield
    finally:
        _instead.reset(token)
