"""Errors of authorization servers, and what to do next. Source: SPEC section 8.2; RFC 6749."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..discreet import Secret
from ..errors import AuthError
from ..redact import DOTS, scrub

_CONSOLE = "https://console.cloud.google.com/auth/clients"
_AGAIN = "start again with ct.oauth.authorization_url(), or ct.oauth.sign_in(client_id, client_secret)"
_CODE = (
    "a code works once, for ten minutes, only with the redirect_uri and code_verifier of its request, and "
    f"must not be percent-encoded (4%2F is 4/); {_AGAIN}"
)
_REFRESH = (
    "the refresh token was revoked, or has expired (after 7 days while the application is in testing, 6 months "
    f"unused); {_AGAIN}"
)
_CLOCK = "check the clock of this machine, and whether the service account and its key still exist"
_NEXT = {
    "access_denied": "the user declined, or an administrator does not allow this application; try again, or add the "
    "user as a test user: https://console.cloud.google.com/auth/audience",
    "admin_policy_enforced": "an administrator of the user's organisation must allow this application",
    "invalid_client": f"client_id and client_secret do not belong together, or the client was deleted: {_CONSOLE}",
    "invalid_request": "a parameter is missing or not valid; a Web application client also needs its client_secret",
    "invalid_scope": "write scopes in full, such as https://www.googleapis.com/auth/cloud-platform; "
    "a refresh can only request scopes that were granted",
    "redirect_uri_mismatch": "register exactly this redirect_uri for the client, to the last slash, and pass the same "
    f"one to the exchange: {_CONSOLE}",
    "unauthorized_client": "the code or refresh token belongs to another client_id, or its client type may not do this",
    "unsupported_grant_type": "check token_uri: this server does not support the grant type",
}


def refusal(error: str, description: str, form: Mapping[str, str] | None = None) -> AuthError:
    """The AuthError for an error response. The secrets of the request, `form`, are removed from its message."""
    form = form or {}
    said = Secret(" ".join(description.split()))
    for name in ("code", "code_verifier", "client_secret", "refresh_token"):
        said = Secret(said.replace(form[name], DOTS)) if name in form else said
    words = scrub(said)[:300]
    kind = re.sub(r"[^\w .-]", "", error)[:60] or "error"
    message = f"The sign-in server rejected the request: {kind}" + (f" ({words})" if words else "") + "."
    return AuthError(message, hint=next_step(kind, words, refreshed="refresh_token" in form))


def next_step(error: str, description: str, *, refreshed: bool = False) -> str:
    """The hint for an error of an authorization server."""
    if error != "invalid_grant":
        return _NEXT.get(error, _AGAIN)
    if "JWT" in description:
        return _CLOCK
    return _REFRESH if refreshed or "revoked" in description else _CODE
