"""The pages of the emulator's authorization server: /auth, /token and /revoke. Source: SPEC section 8.2."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import cached_property, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ....model import encode
from ..calls.request import HTML, JSON, Request, Response, Routes, media_type, query_pairs
from ..store.commits import Commits
from .authorization import DEVELOPER, OAuth, OAuthError

if TYPE_CHECKING:
    from jinja2 import Template

# The paths that Google uses today, and those that its first clients used.
_AUTH = ("/auth", "/o/oauth2/auth", "/o/oauth2/v2/auth")
_TOKEN = ("/token", "/o/oauth2/token", "/oauth2/v4/token")
_REVOKE = ("/revoke", "/o/oauth2/revoke")

_SECRET = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_PAGE = {
    **_SECRET,
    "Referrer-Policy": "same-origin",  # a stricter policy hides the form's origin, and the form is rejected
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


class SignIn:
    """Handlers by verb and path."""

    def __init__(self, oauth: OAuth, commits: Commits) -> None:
        self._oauth = oauth
        self._commits = commits

    def routes(self) -> Routes:
        return [
            *(("GET", path, self._ask) for path in _AUTH),
            *(("POST", path, self._decide) for path in _AUTH),
            *(("POST", path, self._token) for path in _TOKEN),
            *(("POST", path, self._revoke) for path in _REVOKE),
        ]

    async def _ask(self, call: Request) -> Response:
        """The consent page. `approve=1` or `approve=0` decides at once, which automated tests use."""
        asked = dict(call.query)
        allowed = asked["approve"] not in ("0", "false") if "approve" in asked else None
        return self._consented(asked, allowed)

    async def _decide(self, call: Request) -> Response:
        form = _form(call)
        return self._consented(form, form.get("decision") == "allow")

    def _consented(self, asked: dict[str, str], allowed: bool | None) -> Response:
        """Redirects to the application, or shows the consent page if nothing is decided yet."""
        try:
            consent = self._oauth.consent(asked)
            if allowed is None:
                return self._page(200, asked=asked, consent=consent, email=consent.login_hint or DEVELOPER)
            email = asked.get("email", "")
            target = self._oauth.allow(consent, email) if allowed else self._oauth.deny(consent)
        except OAuthError as error:
            return self._page(error.status, error=error)
        return Response(b"", 303, HTML, {**_SECRET, "Location": target})

    async def _token(self, call: Request) -> Response:
        return await self._json(partial(self._oauth.token, _form(call)))

    async def _revoke(self, call: Request) -> Response:
        token = _form(call).get("token") or dict(call.query).get("token", "")
        return await self._json(partial(self._oauth.revoke, token))

    async def _json(self, work: Callable[[], Any]) -> Response:
        try:
            return Response(encode(await self._commits.run(work) or {}), 200, JSON, _SECRET)
        except OAuthError as error:
            body = encode({"error": error.error, "error_description": error.description})
            return Response(body, error.status, JSON, _SECRET)

    def _page(self, status: int, **content: Any) -> Response:
        return Response(self._template.render(content).encode(), status, HTML, _PAGE)

    @cached_property
    def _template(self) -> Template:
        import jinja2  # imported only for sign-in

        text = files(__package__).joinpath("consent.html").read_text("utf-8")
        return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)


def _form(call: Request) -> dict[str, str]:
    """The fields of a form. The client's credentials may be in the Authorization header instead."""
    form = {}
    if media_type(call) == "application/x-www-form-urlencoded":
        form = dict(query_pairs(call.body.decode(errors="replace")))
    scheme, _, packed = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = (
                base64.b64decode(packed, validate=True).decode(errors="replace").partition(":")
            )
        except (binascii.Error, ValueError):
            return form
        form |= {"client_id": client, "client_secret": secret}
    return form
