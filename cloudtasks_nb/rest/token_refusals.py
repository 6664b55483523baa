"""What an authorization server's refusal means, and what to do next. Source: SPEC section 8.2; RFC 6749."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import AuthError
from ..redact import DOTS, scrub

_AGAIN = "ask again with ct.oauth.authorization_url(), or ct.oauth.sign_in(client_id, client_secret)"
_CONSOLE = "https://console.cloud.google.com/auth/clients"

_NEXT: dict[str, str] = {
    "access_denied": "the person said no, or an administrator does not allow this application; ask again, or add them "
    "as a test user: https://console.cloud.google.com/auth/audience",
    "admin_policy_enforced": "an administrator of the person's organisation has to allow this application",
    "disallowed_useragent": "open the address in a browser, not in a window inside another program",
    "invalid_client": f"client_id and client_secret do not belong together, or the client was deleted: {_CONSOLE}",
    "invalid_request": "a parameter is missing or wrong; a Web application client also needs its client_secret",
    "invalid_scope": "write scopes in full, such as https://www.googleapis.com/auth/cloud-platform; "
    "a refresh may ask for no more than was granted",
    "org_internal": "this application is only for people of its own organisation",
    "redirect_uri_mismatch": "register exactly this redirect_uri for the client, to the last slash, and pass the same "
    f"one to the exchange: {_CONSOLE}",
    "temporarily_unavailable": "the sign-in server is briefly unavailable; try again",
    "unauthorized_client": "the code or refresh token belongs to another client_id, or its type may not do this",
    "unsupported_grant_type": "check token_uri: it is asked for something that it does not offer",
}  # fmt: skip
_CODE_NEXT = (
    "a code works once and for ten minutes, and only with the redirect_uri and code_verifier that it was asked with; "
    + _AGAIN
)
_REFRESH_NEXT = (
    "the refresh token was revoked, or has expired (after 7 days while the application is in testing, 6 months "
    "unused); " + _AGAIN
)
_MALFORMED_NEXT = "a code copied out of an address is percent-encoded: 4%2F is 4/; " + _AGAIN


def refusal(error: str, description: str, form: Mapping[str, str]) -> AuthError:
    """The error for a refusal; `form` is what was asked, none of which the message may hold."""
    words = scrub(" ".join(description.split()))[:300]
    for name, secret in form.items():
        if name not in ("grant_type", "redirect_uri", "scope", "client_id") and secret:
            words = words.replace(secret, DOTS)
    kind = re.sub(r"[^\w .-]", "", error)[:60] or "error"
    message = f"The sign-in server refused: {kind}" + (f" ({words})" if words else "") + "."
    return AuthError(message, hint=next_step(kind, words, grant=form.get("grant_type", "")))


def next_step(error: str, description: str = "", *, grant: str = "") -> str:
    """What to do about a refusal."""
    if error == "invalid_grant":
        if "JWT" in description or "jwt" in grant:
            return "check the clock of this machine, and whether the service account and its key still exist"
        if "alformed" in description:
            return _MALFORMED_NEXT
        return _REFRESH_NEXT if grant == "refresh_token" or "revoked" in description else _CODE_NEXT
    return _NEXT.get(error, _AGAIN)
