"""Makes the tokens that tasks carry, and serves the keys that targets check them with.

The key is made on first use and lives as long as the process: no secret reaches the disk, and a target that caches keys
fetches new ones for an unknown key id. Times in tokens are real time even with a manual clock, because targets check
them by their own clock. Source: SPEC section 5.5.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ....errors import InvalidArgument
from ....model import OAuthToken, OidcToken

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

LIFETIME_S = 3600
_REUSED_S = 300
_KEPT = 1024
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_ACCESS = "ya29.emulator."


class Tokens:
    """Makes tokens for an issuer, the emulator's own URL. Thread-safe."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._making = threading.Lock()
        self._made: _Key | None = None
        self._recent = lru_cache(maxsize=_KEPT)(self._sign)

    async def prepare(self) -> None:
        """Makes the key on another thread."""
        if self._made is None:
            await asyncio.to_thread(self._key)

    def header(self, asked: OidcToken | OAuthToken, url: str) -> str:
        """The Authorization header of a request to this URL."""
        window = int(time.time()) // _REUSED_S  # reuse a token for a while: signing is slow
        if isinstance(asked, OidcToken):
            return f"Bearer {self._recent(asked.service_account_email, asked.audience or url, '', window)}"
        scope = asked.scope or _SCOPE
        return f"Bearer {_ACCESS}{self._recent(asked.service_account_email, self.issuer, scope, window)}"

    def configuration(self) -> dict[str, Any]:
        """The OpenID Connect discovery document."""
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/emulator/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"],
        }

    def jwks(self) -> dict[str, Any]:
        """The public key, as a JSON Web Key Set."""
        key = self._key()
        public = key.private.public_key().public_numbers()
        held = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key.id}
        return {"keys": [{**held, "n": _base64url(public.n), "e": _base64url(public.e)}]}

    def certs(self) -> dict[str, str]:
        """The public key by its id as PEM, for google-auth's verify_token(certs_url=…)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        key = self._key()
        pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return {key.id: pem.decode()}

    def info(self, access_token: str) -> dict[str, Any]:
        """The account and scope of an access token. Errors: InvalidArgument for an unknown or expired one."""
        from google.auth import exceptions, jwt

        try:
            claims: Mapping[str, Any] = jwt.decode(access_token.removeprefix(_ACCESS), certs=self.certs())
        except (ValueError, exceptions.GoogleAuthError):
            raise InvalidArgument(
                "Invalid Value: not an access token of this emulator, or expired."
            ) from None
        if "scope" not in claims:
            raise InvalidArgument("Invalid Value: an ID token, and no access token.")
        left_s = int(claims["exp"] - time.time())
        kept = {name: claims[name] for name in ("email", "email_verified", "scope", "azp", "sub")}
        return {**kept, "expires_in": str(left_s), "access_type": "online"}

    def _sign(self, email: str, audience: str, scope: str, window: int) -> str:
        from google.auth import jwt

        now_s, account = int(time.time()), _account_number(email)
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "azp": account,
            "sub": account,
            "email": email,
            "email_verified": True,
            "iat": now_s,
            "exp": now_s + LIFETIME_S,
        }
        if scope:
            claims["scope"] = scope
        return str(jwt.encode(self._key().signer, claims).decode())

    def _key(self) -> _Key:
        with self._making:
            if self._made is None:
                self._made = _Key()
            return self._made


class _Key:
    """A new RSA key and its id."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        from google.auth import crypt

        self.private: RSAPrivateKey = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.id = hashlib.sha256(public).hexdigest()[:40]
        self.signer: Any = crypt.RSASigner(self.private, key_id=self.id)

    def __repr__(self) -> str:
        return f"<key {self.id}>"


def _account_number(email: str) -> str:
    """21 digits, always the same for an account, like the service's ids."""
    return str(10**20 + int.from_bytes(hashlib.sha256(email.encode()).digest()[:8]) % (9 * 10**20))


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
