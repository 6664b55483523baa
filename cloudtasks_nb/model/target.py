"""Where a push task goes: App Engine routing, HTTP targets and the tokens sent along."""

from __future__ import annotations

from ..redact import DOTS, redacted
from .json import Int64, Message

_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})


class Headers(dict[str, str]):
    """Request headers: a dict whose repr hides secrets, because cell outputs get committed.

    >>> Headers({"Authorization": "Bearer ya29.x", "X-Api-Key": "k", "Accept": "*/*"})
    {'Authorization': '•••', 'X-Api-Key': '•••', 'Accept': '*/*'}
    """

    def without_credentials(self) -> dict[str, str]:
        """For tables, which are data: only the values of Authorization headers are replaced."""
        return {key: DOTS if key.lower() in _CREDENTIALS else value for key, value in self.items()}

    def __repr__(self) -> str:
        return repr(redacted(dict(self)))


class AppEngineRouting(Message):
    """App Engine service, version and instance; `host` is filled in by the service.

    Example:
        >>> client.create_queue("app", app_engine_http_target={
        ...     "app_engine_routing_override": {"service": "worker"}}).kind
        'app_engine'
    """

    service: str = ""
    version: str = ""
    instance: str = ""
    host: str = ""


class OAuthToken(Message):
    """Send an OAuth access token of this service account.

    Example:
        >>> token = OAuthToken(service_account_email="bot@my-project.iam.gserviceaccount.com")
        >>> queue.create_task(url="https://pubsub.googleapis.com/v1/x", oauth_token=token, schedule=60)
    """

    service_account_email: str = ""
    scope: str = ""


class OidcToken(Message):
    """Send an OpenID Connect token of this service account; the audience defaults to the target URL.

    Example:
        >>> token = OidcToken(service_account_email="bot@my-project.iam.gserviceaccount.com")
        >>> queue.create_task({"to": "ada"}, url="https://example.com/send", oidc_token=token, schedule=60)
    """

    service_account_email: str = ""
    audience: str = ""


class PathOverride(Message):
    """The path that the queue sets for its tasks.

    Example:
        >>> queue.update(http_target={"uri_override": {"path_override": {"path": "/v2/send"}}})
    """

    path: str = ""


class QueryOverride(Message):
    """The query that the queue sets for its tasks.

    Example:
        >>> queue.update(http_target={"uri_override": {"query_override": {"query_params": "from=queue"}}})
    """

    query_params: str = ""


class UriOverride(Message):
    """Parts of the URL that the queue sets for its tasks.

    Example:
        >>> queue.update(http_target={"uri_override": {"host": "example.com", "scheme": "HTTPS"}})
        >>> queue.http_target.uri_override.host
        'example.com'
    """

    scheme: str = ""
    host: str | None = None
    port: Int64 | None = None
    path_override: PathOverride | None = None
    query_override: QueryOverride | None = None
    uri_override_enforce_mode: str = ""


class Header(Message):
    key: str = ""
    value: str = ""

    def __repr__(self) -> str:
        return repr(Headers({self.key: self.value}))


class HeaderOverride(Message):
    """One header that the queue sets on its tasks.

    Example:
        >>> queue.update(http_target={"header_overrides": {"X-Team": "mail"}})
    """

    header: Header | None = None


class HttpTarget(Message):
    """What a queue sets on every HTTP task it sends.

    Example:
        >>> queue.update(http_target={"uri_override": {"host": "example.com"},
        ...                           "header_overrides": {"X-Team": "mail"}})
        >>> queue.http_target
    """

    uri_override: UriOverride | None = None
    http_method: str = ""
    header_overrides: list[HeaderOverride] = []
    oauth_token: OAuthToken | None = None
    oidc_token: OidcToken | None = None


class AppEngineHttpTarget(Message):
    """The queue's tasks go to App Engine, with this routing where it is set.

    Example:
        >>> client.create_queue("app", kind="app_engine").app_engine_http_target
    """

    app_engine_routing_override: AppEngineRouting | None = None


class PullTarget(Message):
    """The queue's tasks wait to be leased.

    Example:
        >>> work.pull_target is not None
        True
    """
