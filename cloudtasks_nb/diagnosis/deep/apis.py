"""Read other Google APIs, with the client's own session and identity. Never writes.

Source: run.v2, iam.v1, serviceusage.v1, cloudbilling.v1, cloudkms.v1, cloudresourcemanager.v3, appengine.v1.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from ...errors import CloudTasksError, DecodeError, NotFound, PermissionDenied
from ...model.json import decode
from ...model.messages import Empty
from ...model.methods import Method
from ...rest.call import Call
from ...rest.session import Session
from ..facts import Facts, Unseen

T = TypeVar("T")
OVERRIDES = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"
"""Environment variables that override the endpoint of an API, as in gcloud: …_RUN, …_IAM, …_CLOUDKMS."""
GOOGLE = ".googleapis.com"


class Reading(msgspec.Struct, frozen=True):
    """One read method of one API, and the permission that it needs."""

    api: str
    method: str
    path: str
    permission: str
    http: str = "GET"

    @property
    def called(self) -> str:
        """The id of the method."""
        return f"{self.api}.{self.method}"


SERVICE = Reading(
    "run",
    "projects.locations.services.get",
    "v2/{name=projects/*/locations/*/services/*}",
    "run.services.get",
)
SERVICES = Reading(
    "run",
    "projects.locations.services.list",
    "v2/{parent=projects/*/locations/*}/services",
    "run.services.list",
)
SERVICE_POLICY = Reading(
    "run",
    "projects.locations.services.getIamPolicy",
    "v2/{resource=projects/*/locations/*/services/*}:getIamPolicy",
    "run.services.getIamPolicy",
)
ACCOUNT = Reading(
    "iam", "projects.serviceAccounts.get", "v1/{name=projects/*/serviceAccounts/*}", "iam.serviceAccounts.get"
)
ACT_AS = Reading(
    "iam",
    "projects.serviceAccounts.testIamPermissions",
    "v1/{resource=projects/*/serviceAccounts/*}:testIamPermissions",
    "nothing",
    "POST",
)
API_STATE = Reading(
    "serviceusage", "services.get", "v1/{name=projects/*/services/*}", "serviceusage.services.get"
)
BILLING = Reading(
    "cloudbilling",
    "projects.getBillingInfo",
    "v1/{name=projects/*}/billingInfo",
    "resourcemanager.projects.get",
)
PROJECT_POLICY = Reading(
    "cloudresourcemanager",
    "projects.getIamPolicy",
    "v3/{resource=projects/*}:getIamPolicy",
    "resourcemanager.projects.getIamPolicy",
    "POST",
)
KEY = Reading(
    "cloudkms",
    "projects.locations.keyRings.cryptoKeys.get",
    "v1/{name=projects/*/locations/*/keyRings/*/cryptoKeys/*}",
    "cloudkms.cryptoKeys.get",
)
APPLICATION = Reading("appengine", "apps.get", "v1/{name=apps/*}", "appengine.applications.get")
FIREWALL = Reading(
    "appengine",
    "apps.firewall.ingressRules.list",
    "v1/{parent=apps/*}/firewall/ingressRules",
    "appengine.applications.get",
)


GRANTS = Reading("logging", "entries.list", "v2/entries:list", "logging.logEntries.list", "POST")


class Missing(msgspec.Struct, frozen=True):
    """The resource does not exist: the API returned 404."""


MISSING = Missing()


class Apis:
    """Makes the calls, counts them, and records the data that could not be read."""

    def __init__(self, session: Session, facts: Facts) -> None:
        self._session = session
        self._facts = facts

    def read(
        self, reading: Reading, kind: type[T], what: str, *, body: Any = None, **where: str
    ) -> T | Missing | None:
        """The response; MISSING after a 404, None if it could not be read."""
        endpoint = self._endpoint(reading.api)
        why = "" if endpoint else "not available on an emulator"
        try:
            if endpoint:
                return decode(self._ask(reading, endpoint, body, where), kind)
        except NotFound:
            self._facts.read_at[reading.called] = self._session.now()
            return MISSING
        except PermissionDenied as error:
            why = f"{error.message.rstrip('.')}; it needs {reading.permission}"
        except DecodeError as error:
            why = f"the response of {reading.called} could not be decoded: {error.message}"
        except CloudTasksError as error:
            why = error.message.rstrip(".")
        self._facts.unseen.append(Unseen(what, why))
        return None

    def _ask(self, reading: Reading, endpoint: str, body: Any, where: dict[str, str]) -> bytes:
        method = Method(
            id=reading.called,
            http=reading.http,
            path=reading.path,
            request=Empty if reading.http == "POST" else None,
            response=Empty,
            repeatable=True,
            versioned=False,
        )
        self._facts.calls += 1
        raw = self._session.beside(endpoint).send(Call(method, path=where, query={}, body=body))
        self._facts.read_at[reading.called] = self._session.now()
        return raw

    def _endpoint(self, api: str) -> str:
        """Google's host, unless the environment sets another endpoint; empty for an emulator."""
        named = os.environ.get(f"{OVERRIDES}{api.upper()}", "").strip().rstrip("/")
        if named:
            return named
        parts = urlsplit(self._session.endpoint)
        is_google = parts.scheme == "https" and (parts.hostname or "").endswith(GOOGLE)
        return f"https://{api}{GOOGLE}" if is_google else ""
