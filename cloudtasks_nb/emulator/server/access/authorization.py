"""The emulator's authorization server: issues codes for consents, and tokens for codes and assertions.

Source: SPEC section 8.2; RFC 6749, RFC 7636, RFC 7523.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from ..rules.identity import jwt_claims, member, numeric_date
from ..rules.targets import is_local_name
from ..services.context import Context
from ..store.grants import Issued

TOKEN_LIFE = timedelta(seconds=3599)
CODE_LIFE = timedelta(minutes=10)
LONGEST_ASSERTION = timedelta(hours=1, minutes=1)
DEVELOPER = "developer@example.com"

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_METHODS = ("plain", "S256")
_BAD_REQUEST = "Bad Request"
_SKEW_S = 300


class OAuthError(Exception):
    """An OAuth error in the form of RFC 6749."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


class Consent(Struct, frozen=True):
    """The request of an application for a user's consent."""

    client: str
    redirect_uri: str
    scope: str
    state: str = ""
    offline: bool = False
    challenge: str = ""
    challenge_method: str = "plain"
    login_hint: str = ""


class _Code(Struct, frozen=True):
    consent: Consent
    member: str
    until: datetime


class OAuth:
    """Keeps codes in memory for ten minutes, and tokens in the database."""

    def __init__(self, context: Context, clients: Sequence[tuple[str, str]] = ()) -> None:
        self._context = context
        self._clients = dict(clients)
        self._codes: dict[str, _Code] = {}

    def begin_anew(self) -> None:
        """Delete the codes: the database, with its tokens, was replaced."""
        self._codes = {}

    def consent(self, asked: Mapping[str, str]) -> Consent:
        """The consent that a request to /auth asks for. Errors: OAuthError."""
        if asked.get("response_type", "code") != "code":
            raise OAuthError("unsupported_response_type", "Only response_type=code is supported.")
        for name in ("client_id", "redirect_uri", "scope"):
            if not asked.get(name, "").strip():
                raise OAuthError("invalid_request", f"Missing required parameter: {name}")
        if self._clients and asked["client_id"] not in self._clients:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        target = _target(asked["redirect_uri"])
        method = asked.get("code_challenge_method", "plain")
        if method not in _METHODS:
            raise OAuthError(
                "invalid_request", f"Invalid parameter value for code_challenge_method: {method[:60]}"
            )
        return Consent(
            client=asked["client_id"],
            redirect_uri=target,
            scope=" ".join(asked["scope"].split()),
            state=asked.get("state", ""),
            offline=asked.get("access_type") == "offline",
            challenge=asked.get("code_challenge", ""),
            challenge_method=method,
            login_hint=asked.get("login_hint", ""),
        )

    def allow(self, consent: Consent, email: str) -> str:
        """The redirect address with a code. Errors: OAuthError."""
        named = member(email.strip() or consent.login_hint or DEVELOPER)
        if named is None:
            raise OAuthError("invalid_request", f"{email[:60]} is not an e-mail address.")
        now = self._context.clock.now()
        self._codes = {code: kept for code, kept in self._codes.items() if kept.until > now}
        code = "4/0A" + self._secret()
        self._codes[code] = _Code(consent, named, now + CODE_LIFE)
        return _back(consent, code=code, scope=consent.scope)

    def deny(self, consent: Consent) -> str:
        """The redirect address of a denied consent."""
        return _back(consent, error="access_denied")

    def token(self, form: Mapping[str, str]) -> dict[str, str | int]:
        """The response to a POST to /token. Errors: OAuthError."""
        kind = form.get("grant_type", "")
        if kind == _JWT_BEARER:
            return self._by_assertion(form)
        if kind not in ("authorization_code", "refresh_token"):
            if not kind:
                raise OAuthError("invalid_request", "Required parameter is missing: grant_type")
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {kind[:100]}")
        client = self._client(form)
        return self._by_code(form, client) if kind == "authorization_code" else self._by_refresh(form, client)

    def revoke(self, token: str) -> None:
        """Errors: OAuthError."""
        with self._context.store.transaction():
            known = self._context.store.oauth.revoke(token)
        if not known:
            raise OAuthError("invalid_token", "Token expired or revoked")

    def _client(self, form: Mapping[str, str]) -> str:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if not client:
            raise OAuthError("invalid_request", "Could not determine client ID from request.")
        if not self._clients:  # no applications are configured: accept any
            return client
        if client not in self._clients:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        if not secret:
            raise OAuthError("invalid_request", "client_secret is missing.")
        if not hmac.compare_digest(secret.encode(), self._clients[client].encode()):
            raise OAuthError("invalid_client", "Unauthorized", 401)
        return client

    def _by_code(self, form: Mapping[str, str], client: str) -> dict[str, str | int]:
        text = form.get("code", "")
        if not text.startswith("4/"):
            raise OAuthError("invalid_grant", "Malformed auth code.")
        code = self._codes.pop(text, None)  # a code can be used once, even if the request fails
        if code is None or code.until <= self._context.clock.now():
            raise OAuthError("invalid_grant", _BAD_REQUEST)
        if code.consent.client != client:
            raise OAuthError("unauthorized_client", "Unauthorized", 401)
        if form.get("redirect_uri", "") != code.consent.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", _BAD_REQUEST)
        _check_verifier(code.consent, form.get("code_verifier", ""))
        issued = Issued(code.member, client, code.consent.scope)
        return self._issue(issued, with_refresh=code.consent.offline)

    def _by_refresh(self, form: Mapping[str, str], client: str) -> dict[str, str | int]:
        found = self._context.store.oauth.refresh_token(form.get("refresh_token", ""))
        if found is None:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.")
        if found.client != client:
            raise OAuthError("unauthorized_client", "Unauthorized", 401)
        scope = " ".join(form.get("scope", "").split()) or found.scope
        if not set(scope.split()) <= set(found.scope.split()):
            raise OAuthError("invalid_scope", _BAD_REQUEST)
        return self._issue(Issued(found.member, client, scope))

    def _by_assertion(self, form: Mapping[str, str]) -> dict[str, str | int]:
        claims = jwt_claims(form.get("assertion", ""))
        if claims is None:
            raise OAuthError("invalid_grant", "Invalid JWT: Failed to read the assertion.")
        account = member(str(claims.get("iss", "")))
        if account is None or not account.startswith("serviceAccount:"):
            raise OAuthError("invalid_grant", "Invalid grant: account not found")
        self._check_times(numeric_date(claims, "iat"), numeric_date(claims, "exp"))
        scope = claims.get("scope")
        if not isinstance(scope, str) or not scope.strip():
            raise OAuthError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        subject = member(str(claims["sub"])) if claims.get("sub") else account
        if subject is None:
            raise OAuthError("invalid_grant", "Invalid email or User ID")
        return self._issue(Issued(subject, str(claims["iss"]), " ".join(scope.split())))

    def _check_times(self, issued: float | None, expires: float | None) -> None:
        now_s = self._context.clock.now().timestamp()
        if issued is not None and expires is not None:
            is_short = expires - issued <= LONGEST_ASSERTION.total_seconds()
            if is_short and issued - _SKEW_S <= now_s < expires + _SKEW_S:
                return
        raise OAuthError(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
            "Check your iat and exp values in the JWT claim.",
        )

    def _issue(self, issued: Issued, *, with_refresh: bool = False) -> dict[str, str | int]:
        now = self._context.clock.now()
        access, refresh = "ya29." + self._secret(), "1//0" + self._secret() if with_refresh else ""
        with self._context.store.transaction():
            good = Issued(issued.member, issued.client, issued.scope, now + TOKEN_LIFE)
            self._context.store.oauth.add(access, good, now)
            if refresh:
                self._context.store.oauth.add(refresh, issued, now)
        answer: dict[str, str | int] = {
            "access_token": access,
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "scope": issued.scope,
            "token_type": "Bearer",
        }
        return {**answer, "refresh_token": refresh} if refresh else answer

    def _secret(self) -> str:
        return base64.urlsafe_b64encode(self._context.random.randbytes(36)).decode()


def _target(redirect_uri: str) -> str:
    """Checks a redirect address: it must be on this machine, because anybody can call /auth. Errors: OAuthError."""
    try:
        parts = urlsplit(redirect_uri)
        local = is_local_name(parts.hostname or "") and "@" not in parts.netloc
        valid = parts.scheme in ("http", "https") and local and not parts.fragment
    except ValueError:
        valid = False
    # Browsers read a backslash as a slash. A line break would end the Location header.
    if not valid or "\\" in redirect_uri or not redirect_uri.isprintable():
        raise OAuthError(
            "redirect_uri_mismatch",
            "The emulator sends browsers back to this machine only: the redirect_uri must be an address such as "
            "http://localhost:8080/callback, without a fragment.",
        )
    return redirect_uri


def _back(consent: Consent, **answer: str) -> str:
    sent = {**({"state": consent.state} if consent.state else {}), **answer}
    return f"{consent.redirect_uri}{'&' if urlsplit(consent.redirect_uri).query else '?'}{urlencode(sent)}"


def _check_verifier(consent: Consent, verifier: str) -> None:
    """Proof Key for Code Exchange: checks that the client that asked for the code is the one that redeems it."""
    if not consent.challenge:
        return
    if not verifier:
        raise OAuthError("invalid_grant", "Missing code verifier.")
    made = verifier
    if consent.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if not hmac.compare_digest(made.encode(), consent.challenge.encode()):
        raise OAuthError("invalid_grant", "Invalid code verifier.")
