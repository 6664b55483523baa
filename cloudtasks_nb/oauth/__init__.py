"""ct.oauth: from a person's consent to tokens, by the authorization-code flow with state and PKCE."""

from ..rest.auth import TOKEN_URI
from .consent import AUTH_URI, Authorization, authorization_url
from .granting import exchange_code, refresh
from .signing_in import sign_in
from .token import Token

__all__ = [
    "AUTH_URI",
    "TOKEN_URI",
    "Authorization",
    "Token",
    "authorization_url",
    "exchange_code",
    "refresh",
    "sign_in",
]
