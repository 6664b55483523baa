"""Marks of a field beside its type: who may set it, which API versions have it, and under which name.

A field without a mark can be set at creation and later, in every version.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Version = Literal["v2beta2", "v2beta3", "v2"]
VERSIONS: tuple[Version, ...] = ("v2beta2", "v2beta3", "v2")
Spoken = Literal["auto", "v2beta2", "v2beta3", "v2"]
AUTO: Final = "auto"
"""Choose for each call a version that supports it."""
OWN: Version = "v2beta2"
"""The version whose JSON the model uses, except for fields that only later versions have."""

Behavior = Literal["settable", "create-only", "output-only", "shown-only", "absent"]
"""`output-only`: the service sets it. `shown-only`: this version returns it but cannot set it."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about a field. It holds in `versions`; if `queue_kind` is set, only for queues of that kind."""

    behavior: Behavior = "settable"
    name: str = ""
    versions: tuple[Version, ...] = VERSIONS
    queue_kind: str = ""

    def __repr__(self) -> str:
        where = f" in {', '.join(self.versions)}" if self.versions != VERSIONS else ""
        whose = f" for {self.queue_kind} queues" if self.queue_kind else ""
        return f"<{self.name or self.behavior}{where}{whose}>"


CREATE_ONLY = Mark(behavior="create-only")
"""A caller sets it when the resource is created, and cannot change it later."""
OUTPUT_ONLY = Mark(behavior="output-only")
"""The service sets it. A request leaves it out."""


def output_only(*versions: Version, queue_kind: str = "") -> Mark:
    """Output only in these versions, or for queues of this kind."""
    return Mark(behavior="output-only", versions=versions or VERSIONS, queue_kind=queue_kind)


def shown_only(*versions: Version) -> Mark:
    """These versions return it but cannot set it. A request with it raises ConfigError, so that no data is lost."""
    return Mark(behavior="shown-only", versions=versions)


def absent(*versions: Version) -> Mark:
    """These versions do not have it."""
    return Mark(behavior="absent", versions=versions)


def renamed(name: str, *versions: Version) -> Mark:
    """These versions use another name for it."""
    return Mark(name=name, versions=versions)
