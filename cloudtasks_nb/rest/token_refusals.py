"""What an authorization server's refusal means, and what to do next. Source: SPEC section 8.2; RFC 6749."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..discreet import Secret
from ..errors import AuthError
from ..redact import DOTS, scrub

_CONSOLE = "https://console.cloud.google.com/auth/clients"
_AGAIN = "ask again with ct.oauth.authorization_url(), or ct.oauth.sign_in(client_id, client_secret)"
_CODE = (
    "a code works once and for ten minutes, only with the redirect_uri and code_verifier that it was asked with, and "
    f"not percent-encoded (4%2F is 4/); {_AGAIN}"
)
_REFRESH = (
    "the refresh token was revoked, or has expired (after 7 days while the application is in testing, 6 months "
    f"unused); {_AGAIN}"
)
_CLOCK = "check the clock of this machine, and whether the service account and its key still exist"
_NEXT = {
    "access_denied": "the person said no, or an administrator does not allow this application; ask again, or add them "
    "as a test user: https://console.cloud.google.com/auth/audience",
    "admin_policy_enforced": "an administrator of the person's organisation has to allow this application",
    "invalid_client": f"client_id and client_secret do not belong together, or the client was deleted: {_CONSOLE}",
    "invalid_request": "a parameter is missing or wrong; a Web application client also needs its client_secret",
    "invalid_scope": "write scopes in full, such as https://www.googleapis.com/auth/cloud-platform; "
    "a refresh may ask for no more than was granted",
    "redirect_uri_mismatch": "register exactly this redirect_uri for the client, to the last slash, and pass the same "
    f"one to the exchange: {_CONSOLE}",
    "unauthorized_client": "the code or refresh token belongs to another client_id, or its type may not do this",
    "unsupported_grant_type": "check token_uri: it is asked for something that it does not offer",
}


def refusal(error: str, description: str, form: Mapping[str, str] | None = None) -> AuthError:
    """The error for a refusal; `form` is what was asked, whose secrets the message does not hold."""
    form = form or {}
    said = Secret(" ".join(description.split()))
    for name in ("code", "code_verifier", "client_secret", "refresh_token"):
        said = Secret(said.replace(form[name], DOTS)) if name in form else said
    words = scrub(said)[:300]
    kind = re.sub(r"[^\w .-]", "", error)[:60] or "error"
    message = f"The sign-in server refused: {kind}" + (f" ({words})" if words else "") + "."
    return AuthError(message, hint=next_step(kind, words, refreshed="refresh_token" in form))


def next_step(error: str, description: str, *, refreshed: bool = False) -> str:
    """What to do about a refusal."""
    if error != "invalid_grant":
        return _NEXT.get(error, _AGAIN)
    if "JWT" in description:
        return _CLOCK
    return _REFRESH if refreshed or "revoked" in description else _CODE
