"""Tokens of a person who signed in. Source: SPEC section 8.2."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..discreet import JsonObject
from ..redact import DOTS
from ..rest.auth import TOKEN_URI, check_token_uri
from ..shown import Shown

if TYPE_CHECKING:
    from google.oauth2.credentials import Credentials

    from ..render import Card


class Token(Struct, Shown, frozen=True, kw_only=True):
    """Tokens of a person who signed in.

    `ct.connect(credentials=token)` uses it, and keeps it fresh while it holds a refresh token.

    Example:
        >>> token = Token(access_token="ya29.x", scope="https://www.googleapis.com/auth/cloud-platform")
        >>> token.token_type
        'Bearer'
    """

    access_token: str = ""
    """What calls are made with, for about an hour."""
    refresh_token: str = ""
    """What further access tokens are asked for with; empty when there is none."""
    token_type: str = "Bearer"  # noqa: S105 - a kind
    """How it is presented: as a Bearer."""
    scope: str = ""
    """What it allows, separated by spaces."""
    expiration: datetime | None = None
    """When the access token is over, in UTC; None when that was not said."""
    client_id: str = ""
    """The OAuth client that asked."""
    client_secret: str = ""
    """Its secret, where it has one."""
    token_uri: str = TOKEN_URI
    """Where further access tokens come from."""

    @property
    def is_expired(self) -> bool:
        """Whether the access token is over."""
        return self.expiration is not None and self.expiration <= datetime.now(UTC)

    def credentials(self) -> Credentials:
        """google-auth credentials, for any Google client; they refresh themselves, also when a call is refused (401).

        Errors: ConfigError when the token endpoint would be asked in the clear.
        """
        from google.oauth2.credentials import Credentials

        check_token_uri(self.token_uri)
        naive = self.expiration and self.expiration.astimezone(UTC).replace(tzinfo=None)
        held = JsonObject(  # a traceback shows no secret of it
            token=self.access_token,
            refresh_token=self.refresh_token or None,
            token_uri=self.token_uri,
            client_id=self.client_id or None,
            client_secret=self.client_secret,  # without one it is empty: None could not be refreshed
            scopes=self.scope.split() or None,
            expiry=naive,
        )
        return Credentials(**held)

    def _shape_(self) -> Card:
        from ..render import Card, badge
        from ..render.values import moment, when

        return Card(
            "Token",
            kind=self.token_type,
            badge=badge("EXPIRED", "warn") if self.is_expired else badge("VALID", "ok"),
            facts={
                "access token": DOTS if self.access_token else None,
                "refresh token": DOTS if self.refresh_token else "none: it ends when it expires",
                "scope": self.scope,
                "expires": when(self.expiration, moment(None)),
                "client": self.client_id,
            },
            code=["ct.connect(credentials=token)", "ct.oauth.refresh(token)"],
        )

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("scope", self.scope), ("expiration", self.expiration)]

    def __repr__(self) -> str:
        return f"Token(access_token={DOTS}, scope={self.scope!r}, expiration={self.expiration})"
