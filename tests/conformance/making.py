"""Records the real service with the credentials of a caller, and keeps no credentials."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import requests

from .apis import SERVICE, Rest
from .places import Place
from .recording import Call, Case, Recording, Unusable, written
from .running import made

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# Responses about the caller or the moment, and not about the call.
_OF_THE_MOMENT = {
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
    "INTERNAL",
    "DEADLINE_EXCEEDED",
}


def session_for(endpoint: str) -> requests.Session:
    """A session with Application Default Credentials for the service; without any for other endpoints."""
    if endpoint != SERVICE:
        return requests.Session()
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError
    from google.auth.transport.requests import AuthorizedSession

    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
    except DefaultCredentialsError as error:
        raise Unusable(
            f"No credentials were found: run gcloud auth application-default login. ({error})"
        ) from None
    session: requests.Session = AuthorizedSession(credentials)
    return session


def recorded(calls: Recording, endpoint: str, place: Place, session: requests.Session) -> str:
    """The text of a new recording with the same calls. Errors: Unusable."""
    cases: dict[str, Case] = {}
    with closing(made(calls, Rest(endpoint, calls.version, session), place)) as run:
        for one in run:
            if one.answer.code in _OF_THE_MOMENT - {one.call.answer.code if one.call.answer else ""}:
                raise Unusable(f"{one.case.name}: {one.call.rpc}: {one.answer.code}: {one.answer.message}")
            case = cases.setdefault(one.case.name, Case(name=one.case.name, calls=[]))
            case.calls.append(Call(rpc=one.call.rpc, request=one.call.request, answer=one.answer))
    text = written(
        Recording(
            version=calls.version,
            recorded=datetime.now(UTC).date().isoformat(),
            source=f"{SERVICE} over REST" if endpoint == SERVICE else "another endpoint over REST",
            cases=list(cases.values()),
        )
    )
    _check_that_nothing_is_told(text, place, session)
    return text


def _check_that_nothing_is_told(text: str, place: Place, session: Any) -> None:
    """The last check, after redaction: raises if the text still contains a fact about the caller."""
    credentials = getattr(session, "credentials", None)
    account = getattr(credentials, "service_account_email", None)
    known = {
        "the queue's name": place.queue_id,
        "the project": f"projects/{place.project}",
        "the access token": getattr(credentials, "token", None),
        "the account": account if account and "@" in account else None,
    }
    for what, secret in known.items():
        if secret and secret in text:
            raise Unusable(f"The recording would contain {what}, so it was not written. Please report this.")
