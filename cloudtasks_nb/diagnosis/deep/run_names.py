"""Find the Cloud Run service of a host name. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

RUN = ".run.app"
_TOLD = re.compile(
    r"(?:[\w-]+---)?(?P<service>[a-z][a-z0-9-]*)-(?P<project>\d{6,})\.(?P<region>[a-z]+-[a-z]+\d+)\.run\.app"
)


class RunName(NamedTuple):
    """Project number, region and name of a service, from its host."""

    project: str
    region: str
    service: str

    @property
    def full(self) -> str:
        return f"projects/{self.project}/locations/{self.region}/services/{self.service}"


def is_run(host: str) -> bool:
    """Whether this is a host of Cloud Run."""
    return host.endswith(RUN)


def named_by(host: str) -> RunName | None:
    """The service of a host such as SERVICE-PROJECTNUMBER.REGION.run.app; None for older host names.

    >>> named_by("send-123456789012.europe-west1.run.app")
    RunName(project='123456789012', region='europe-west1', service='send')
    >>> named_by("send-abcdefghij-ew.a.run.app")
    """
    found = _TOLD.fullmatch(host)
    return RunName(found["project"], found["region"], found["service"]) if found else None
