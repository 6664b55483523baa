"""ct.oauth: from the consent of a user to tokens, by the authorization-code flow with state and PKCE."""

from ..rest.auth import TOKEN_URI
from .signing_in import AUTH_URI, Authorization, authorization_url, sign_in
from .tokens import Token, exchange_code, refresh

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
