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
    """App Engine service, version and instance; `host` is filled in by the service."""

    service: str = ""
    version: str = ""
    instance: str = ""
    host: str = ""


class OAuthToken(Message):
    """Send an OAuth access token of this service account."""

    service_account_email: str = ""
    scope: str = ""


class OidcToken(Message):
    """Send an OpenID Connect token of this service account; the audience defaults to the target URL."""

    service_account_email: str = ""
    audience: str = ""


class PathOverride(Message):
    path: str = ""


class QueryOverride(Message):
    query_params: str = ""


class UriOverride(Message):
    """Parts of the URL that the queue sets for its tasks."""

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
    header: Header | None = None


class HttpTarget(Message):
    """What a queue sets on every HTTP task it sends."""

    uri_override: UriOverride | None = None
    http_method: str = ""
    header_overrides: list[HeaderOverride] = []
    oauth_token: OAuthToken | None = None
    oidc_token: OidcToken | None = None


class AppEngineHttpTarget(Message):
    """The queue's tasks go to App Engine, with this routing where it is set."""

    app_engine_routing_override: AppEngineRouting | None = None


class PullTarget(Message):
    """The queue's tasks wait to be leased."""
