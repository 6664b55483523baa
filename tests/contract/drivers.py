"""One small interface over several clients in several versions, so that each behaviour is written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudtasks_nb.model.versions import VERSIONS
from tests.contract import spelling
from tests.contract.driver import Refused
from tests.contract.google_clients import (
    CloudLibrary,
    CloudLibraryAsyncio,
    CloudLibraryGrpc,
    DiscoveryLibrary,
)
from tests.contract.our_client import Ours

CLIENTS: dict[str, Callable[[str, Any], Any]] = {
    "google-cloud-tasks": CloudLibrary,
    "google-cloud-tasks-grpc": CloudLibraryGrpc,
    "google-cloud-tasks-grpc-asyncio": CloudLibraryAsyncio,
    "google-api-python-client": DiscoveryLibrary,
    "cloudtasks_nb": Ours,
}
DRIVERS = [(client, version) for version in VERSIONS for client in CLIENTS]


def driver_of(client: str, version: str, url: str) -> Any:
    """A client of one version, which takes and returns JSON with the names of v2beta2."""
    driver = CLIENTS[client](url, version)
    return driver if version == "v2beta2" else Spelled(driver, version, words=client == "cloudtasks_nb")


class Spelled:
    """A client of a later version, with the JSON names of v2beta2, also in filters and errors."""

    def __init__(self, driver: Any, version: str, *, words: bool) -> None:
        self._driver = driver
        self._version = version
        self._words = words

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._driver, name)

        def spelled(*args: Any, **options: Any) -> Any:
            try:
                answer = call(
                    *(self._later(value) for value in args),
                    **{key: self._later(value) for key, value in options.items()},
                )
            except Refused as refused:
                raise Refused(refused.code, spelling.earlier_text(refused.message)) from refused
            return answer if self._words else spelling.earlier(answer, self._version)

        return spelled

    def _later(self, value: Any) -> Any:
        is_mask = isinstance(value, str) and "." in value  # our own client uses the model's names in masks
        return (
            value
            if self._words and (is_mask or not isinstance(value, str))
            else spelling.later(value, self._version)
        )
