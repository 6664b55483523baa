"""Targets of a queue's tasks, in words: routing, overrides and tokens."""

from __future__ import annotations

from datetime import datetime

from ..model import AppEngineRouting, HttpTarget, OAuthToken, OidcToken, Queue, UriOverride
from ..redact import redacted
from ..visible import elided
from .dispatch import looks
from .shapes import Card, Value


def token_words(oauth: OAuthToken | None, oidc: OidcToken | None) -> str | None:
    """Such as "OIDC token of account@…, audience https://…"; None without a token."""
    if oidc is not None:
        audience = f", audience {oidc.audience}" if oidc.audience else ""
        return f"OIDC token of {oidc.service_account_email}{audience}"
    if oauth is not None:
        scope = f", scope {oauth.scope}" if oauth.scope else ""
        return f"OAuth token of {oauth.service_account_email}{scope}"
    return None


def routing_words(routing: AppEngineRouting | None) -> str | None:
    """Such as "service api, version v2"; None without routing."""
    if routing is None:
        return None
    named = ("service", "version", "instance", "host")
    return ", ".join(f"{name} {getattr(routing, name)}" for name in named if getattr(routing, name)) or None


def override_words(override: UriOverride) -> str | None:
    """Such as "host example.com, path /v2, only where the task has none"; None when nothing is overridden."""
    path, query = override.path_override, override.query_override
    words = [
        override.scheme.lower().replace("_", " "),
        f"host {override.host}" if override.host else "",
        f"port {override.port}" if override.port is not None else "",
        f"path {path.path or '(removed)'}" if path is not None else "",
        f"query ?{query.query_params}" if query is not None and query.query_params else "",
        "query (removed)" if query is not None and not query.query_params else "",
        "only where the task has none" if override.uri_override_enforce_mode == "IF_NOT_EXISTS" else "",
    ]
    return ", ".join(word for word in words if word) or None


def target_facts(queue: Queue) -> dict[str, Value]:
    """The overrides that the queue sets on its tasks; empty if it sets none."""
    if queue.app_engine_http_target is not None:
        return {"App Engine routing": routing_words(queue.app_engine_http_target.app_engine_routing_override)}
    return http_target_facts(queue.http_target) if queue.http_target is not None else {}


def http_target_facts(target: HttpTarget) -> dict[str, Value]:
    """The overrides of an HTTP target, secrets replaced."""
    headers = [override.header for override in target.header_overrides if override.header is not None]
    return {
        "URL override": override_words(target.uri_override) if target.uri_override is not None else None,
        "method override": target.http_method.removeprefix("HTTP_METHOD_UNSPECIFIED"),
        "header overrides": ", ".join(
            f"{header.key}: {elided(redacted(header.value, header.key), 60)}" for header in headers
        ),
        "signed with": token_words(target.oauth_token, target.oidc_token),
    }


@looks(HttpTarget)
def _http_target(target: HttpTarget, now: datetime) -> Card:
    return Card("HTTP target", facts=http_target_facts(target))
