"""One call in, one answer out: builds the request, keeps the deadline, renews credentials, tries again."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

from ..errors import (
    ApiError,
    CloudTasksError,
    ConfigError,
    InvalidArgument,
    ResourceExhausted,
    TransportError,
    Unauthenticated,
)
from ..model.json import Message, decode, encode
from ..model.messages import Empty
from ..model.methods import METHODS, Method
from .answers import not_json, refusal
from .auth import Auth, check_endpoint, is_loopback
from .exchange import Answer, connections, exchange
from .retry import Retry

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

# Google compresses answers only for a User-Agent that says gzip (and an Accept-Encoding that allows it).
_HEADERS = {"User-Agent": "cloudtasks-nb (gzip)", "Accept": "application/json"}


class Session:
    """Calls REST methods at one endpoint as one identity. Any thread may call."""

    def __init__(
        self,
        endpoint: str,
        auth: Auth,
        *,
        api_version: str = "v2beta2",
        timeout_s: float = 20.0,
        retry: Retry | None = None,
    ) -> None:
        check_endpoint(endpoint, auth)
        self.endpoint = endpoint.rstrip("/")
        self.auth = auth
        self.api_version = api_version
        self.timeout_s = timeout_s
        self.retry = retry or Retry()
        local = is_loopback(urlsplit(endpoint).hostname or "")
        self._headers = _HEADERS | {"Accept-Encoding": "identity" if local else "gzip"}
        self._direct = local
        self._process = os.getpid()
        self._http = connections(direct=local)
        self._closed = False
        self.moved_to: datetime | None = None

    def call(
        self,
        method_id: str,
        kind: type[T],
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
        body: Message | None = None,
        repeatable: bool | None = None,
    ) -> T:
        """Call a method and decode its answer as `kind`. Errors: any CloudTasksError."""
        return decode(self.fetch(method_id, path=path, query=query, body=body, repeatable=repeatable), kind)

    def fetch(
        self,
        method_id: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
        body: Message | None = None,
        repeatable: bool | None = None,
    ) -> bytes:
        """Call a method; the answer as JSON bytes. Errors: any CloudTasksError.

        `repeatable` overrides the method table where the caller knows better (a create with a name).
        """
        if self._closed:
            raise ConfigError("This client is closed.", hint="make a new one with ct.connect() or ct.local()")
        try:
            call = _Call(self, METHODS[method_id], path, query or {}, body)
        except (NotImplementedError, TypeError, UnicodeError) as error:  # JSON or a URL cannot hold a value
            what = f"The request cannot be written: {error}"
            raise InvalidArgument(what, method=method_id, resource=next(iter(path.values()), "")) from None
        return self._persist(call, call.method.repeatable if repeatable is None else repeatable)

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

    def close(self) -> None:
        """End the connections; calls after this raise ConfigError."""
        self._closed = True
        self._http.close()

    def _persist(self, call: _Call, repeatable: bool) -> bytes:
        """Try until it succeeds, is refused for good, or its time is over."""
        deadline = time.monotonic() + self.timeout_s
        tries, renewed, uncertain, quota_wait_s = 0, False, False, self.retry.quota_wait_s
        while True:
            tries += 1
            try:
                return call.send(deadline)
            except Unauthenticated:
                if renewed or not self.auth.renew(call.credential):
                    raise
                renewed = True
                continue
            except CloudTasksError as refused:
                error = refused
            if uncertain and isinstance(error, ApiError) and error.status == call.method.done_when_repeated:
                return b"{}"
            # From here on an earlier try may have taken effect although no answer said so.
            uncertain = uncertain or not isinstance(error, ResourceExhausted)
            # A page after the first outlasts an exhausted quota: nothing is lost, nothing doubled.
            waits = call.continues_listing and isinstance(error, ResourceExhausted)
            delay_s = self.retry.delay_s(
                error,
                tries=tries,
                repeatable=repeatable,
                remaining_s=quota_wait_s if waits else deadline - time.monotonic(),
                chance=random.random(),  # noqa: S311 - jitter, not a secret
                retry_after_s=call.retry_after_s,
            )
            if delay_s is None:
                raise error
            time.sleep(delay_s)
            if waits:
                quota_wait_s -= delay_s
                deadline = time.monotonic() + self.timeout_s


class _Call:
    """One call, ready to be sent as often as it takes."""

    def __init__(
        self,
        session: Session,
        method: Method,
        path: Mapping[str, str],
        query: Mapping[str, Any],
        body: Message | None,
    ) -> None:
        self.session = session
        self.method = method
        self.continues_listing = bool(query.get("pageToken"))
        self.retry_after_s = 0.0
        self.credential: dict[str, str] = {}
        self._resource = next(iter(path.values()), "")
        self._body = encode(body) if body is not None else (b"{}" if method.request is not None else None)
        given = {name: _text(value) for name, value in query.items() if value not in (None, "")}
        self._url = (
            session.endpoint
            + method.url_path(session.api_version, **path)
            + "?"
            + urlencode({**given, "prettyPrint": "false"})
        )

    def send(self, deadline: float) -> bytes:
        """Send it once. Errors: any CloudTasksError."""
        session = self.session
        self.retry_after_s = 0.0  # what an earlier answer asked for has been waited for
        self.credential = session.auth.headers(self.method.http, self._url)
        headers = {**session._headers, **self.credential}
        if self._body is not None:
            headers["Content-Type"] = "application/json"
        answer = exchange(
            session.connections(),
            self.method.http,
            self._url,
            headers=headers,
            body=self._body,
            timeout_s=max(0.001, deadline - time.monotonic()),
        )
        self.retry_after_s = answer.retry_after_s
        return self._content(answer)

    def _content(self, answer: Answer) -> bytes:
        if not 200 <= answer.status < 300:
            raise refusal(
                answer.status,
                answer.content_type,
                answer.body,
                method=self.method.id,
                resource=self._resource,
            )
        if not answer.body:  # the API answers "{}" at least: the connection was cut within the headers
            if self.method.response is Empty:
                return b"{}"
            raise TransportError("The answer was empty, as when a connection is cut.", hint="try again")
        if "json" not in answer.content_type:
            raise not_json(answer.status, answer.content_type, answer.body)
        return answer.body


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
