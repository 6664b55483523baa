"""Targets of push tasks: App Engine routing, HTTP targets and tokens."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from ..discreet import JsonObject, told
from .json import Int64, Message
from .marks import OUTPUT_ONLY


class Headers(JsonObject):
    """Request headers: a dict whose repr hides secrets, because cell outputs get committed.

    >>> Headers({"Authorization": "Bearer ya29.x", "X-Api-Key": "k", "Accept": "*/*"})
    {'Authorization': '•••', 'X-Api-Key': '•••', 'Accept': '*/*'}
    """

    def __missing__(self, name: str) -> str:
        """Look up a header; names ignore case."""
        wanted = str(name).lower()
        for known, value in self.items():
            if known.lower() == wanted:
                return str(value)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or str(name).lower() in map(str.lower, self)

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


class AppEngineRouting(Message):
    """App Engine service, version and instance; the service fills in `host`.

    Example:
        >>> client.create_queue("app", app_engine_http_target={
        ...     "app_engine_routing_override": {"service": "worker"}}).kind
        'app_engine'
    """

    service: str = ""
    """The service; empty for the default one."""
    version: str = ""
    """The version; empty for the default one."""
    instance: str = ""
    """The instance; empty for any."""
    host: Annotated[str, OUTPUT_ONLY] = ""
    """The host, derived from the other fields."""


class OAuthToken(Message):
    """Send an OAuth access token of this service account.

    Example:
        >>> token = OAuthToken(service_account_email="bot@my-project.iam.gserviceaccount.com")
        >>> queue.create_task(url="https://pubsub.googleapis.com/v1/x", oauth_token=token, schedule=60)
    """

    service_account_email: str = ""
    """The account that the token identifies."""
    scope: str = ""
    """The scope of the token; empty for all of Google Cloud."""


class OidcToken(Message):
    """Send an OpenID Connect token of this service account; the audience defaults to the target URL.

    Example:
        >>> token = OidcToken(service_account_email="bot@my-project.iam.gserviceaccount.com")
        >>> queue.create_task({"to": "ada"}, url="https://example.com/send", oidc_token=token, schedule=60)
    """

    service_account_email: str = ""
    """The account that the token identifies."""
    audience: str = ""
    """The audience; defaults to the URL of the target."""


class PathOverride(Message):
    """The path that the queue sets for its tasks.

    Example:
        >>> queue.update(http_target={"uri_override": {"path_override": {"path": "/v2/send"}}})
    """

    path: str = ""
    """The path, with a leading slash; empty removes the task's path."""


class QueryOverride(Message):
    """The query that the queue sets for its tasks.

    Example:
        >>> queue.update(http_target={"uri_override": {"query_override": {"query_params": "from=queue"}}})
    """

    query_params: str = ""
    """The query, without the question mark; empty removes the task's query."""


class UriOverride(Message):
    """Parts of the URL that the queue sets for its tasks.

    Example:
        >>> queue.update(http_target={"uri_override": {"host": "example.com", "scheme": "HTTPS"}})
        >>> queue.http_target.uri_override.host
        'example.com'
    """

    scheme: str = ""
    """HTTP or HTTPS; empty means HTTPS."""
    host: str | None = None
    """The host; None keeps that of the task."""
    port: Int64 | None = None
    """The port; 0 removes that of the task, None keeps it."""
    path_override: PathOverride | None = None
    """The path; None keeps that of the task."""
    query_override: QueryOverride | None = None
    """The query; None keeps that of the task."""
    uri_override_enforce_mode: str = ""
    """ALWAYS, or IF_NOT_EXISTS to set only parts that the task lacks; empty means ALWAYS."""

    def on(self, url: str) -> str:
        """The URL of a task after the overrides. A port of 0, an empty path or an empty query removes that part.

        Source: SPEC section 5.6.

        Example:
            >>> UriOverride(host="example.com").on("http://localhost/send")
            'https://example.com/send'
        """
        parts = urlsplit(url)
        force = self.uri_override_enforce_mode != "IF_NOT_EXISTS"
        host, port, path, query = parts.hostname or "", parts.port, parts.path, parts.query
        if self.host and (force or not host):
            host = self.host
        if self.port is not None and (force or port is None):
            port = int(self.port) or None
        if self.path_override is not None and (force or not path):
            path = self.path_override.path
        if self.query_override is not None and (force or not query):
            query = self.query_override.query_params
        scheme = (self.scheme or "HTTPS").lower() if force else parts.scheme
        user, at, _ = parts.netloc.rpartition("@")
        netloc = f"{user}{at}{f'[{host}]' if ':' in host else host}" + (
            f":{port}" if port is not None else ""
        )
        return SplitResult(scheme, netloc, path, query, parts.fragment).geturl()


class Header(Message):
    """A header: its name and its value."""

    key: str = ""
    """The name."""
    value: str = ""
    """The value; the repr hides secrets."""

    def _told(self) -> list[tuple[str, Any]]:
        return [("key", self.key), ("value", told(self.value, self.key))]


class HeaderOverride(Message):
    """One header that the queue sets on its tasks.

    Example:
        >>> queue.update(http_target={"header_overrides": {"X-Team": "mail"}})
    """

    header: Header | None = None
    """Name (`key`) and `value`."""


class HttpTarget(Message):
    """The overrides of a queue for all its HTTP tasks.

    Example:
        >>> queue.update(http_target={"uri_override": {"host": "example.com"},
        ...                           "header_overrides": {"X-Team": "mail"}})
        >>> queue.http_target
    """

    uri_override: UriOverride | None = None
    """Parts of the URL that the queue sets."""
    http_method: str = ""
    """The method for all tasks; empty keeps that of the task."""
    header_overrides: list[HeaderOverride] = []
    """Headers for all tasks; they replace those of the task."""
    oauth_token: OAuthToken | None = None
    """An access token for all tasks."""
    oidc_token: OidcToken | None = None
    """An identity token for all tasks."""


class AppEngineHttpTarget(Message):
    """Sends the queue's tasks to App Engine, with this routing if it is set.

    Example:
        >>> client.create_queue("app", kind="app_engine").app_engine_http_target
    """

    app_engine_routing_override: AppEngineRouting | None = None
    """The service, version and instance for all tasks."""


class PullTarget(Message):
    """Makes the queue a pull queue, whose tasks wait to be leased.

    Example:
        >>> work.pull_target is not None
        True
    """
