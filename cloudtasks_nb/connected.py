"""Objects that hold connections or threads. They cannot be pickled, and their error says what can."""

from __future__ import annotations

from typing import ClassVar, NoReturn, Self, SupportsIndex

from .errors import ConfigError


class Connected:
    """A base class. pickle and copy.deepcopy raise ConfigError; copy.copy shares the connections."""

    _picklable: ClassVar[str] = (
        "pickle queues, tasks, names or tables, and connect again there: ct.connect(...)"
    )
    """What to pickle instead, for the error."""

    def __copy__(self) -> Self:
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise ConfigError(
            f"This {type(self).__name__} cannot be pickled or copied deeply: it holds connections or threads.",
            hint=self._picklable,
        )
