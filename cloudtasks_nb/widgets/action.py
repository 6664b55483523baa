"""Actions of a panel: methods that both a click and a line of code call."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from ..errors import CloudTasksError

if TYPE_CHECKING:
    from .clickable import Clickable

P = ParamSpec("P")
PanelType = TypeVar("PanelType", bound="Clickable")
Code = str | Callable[..., str]


class Refused(CloudTasksError):
    """The panel did not act: it is read-only, the action was not confirmed, or the action does not exist."""


@dataclass(frozen=True)
class Action:
    """One thing a panel does.

    `code` is the equivalent line of Python: a format string over the arguments, or a function of the panel and them.
    """

    name: str
    method: Callable[..., str]
    code: Code
    changes: bool  # whether it changes the service; a read-only panel then raises Refused
    busy: bool  # whether the controls are disabled while it runs

    def bind(self, panel: Clickable, arguments: dict[str, Any]) -> inspect.BoundArguments:
        """Check the arguments against the method. Errors: Refused, also when the panel is read-only."""
        if self.changes and panel.read_only:
            raise Refused("This panel is read-only.", hint="open one without read_only=True")
        try:
            bound = inspect.signature(self.method).bind(panel, **arguments)
        except TypeError as error:
            raise Refused(f'"{self.name}" does not take these arguments.') from error
        bound.apply_defaults()
        return bound

    def line(self, panel: Clickable, bound: inspect.BoundArguments) -> str:
        """The equivalent line of Python, or "" if there is none."""
        if callable(self.code):
            return self.code(*bound.args, **bound.kwargs)
        values = {key: literal(value) for key, value in bound.arguments.items() if key != "self"}
        return self.code.format(queue=panel.expression, panel=panel, **values)


def action(
    code: Code = "", *, changes: bool = False, busy: bool = True
) -> Callable[[Callable[Concatenate[PanelType, P], str]], Callable[Concatenate[PanelType, P], None]]:
    """Make a method an action: the page calls it by name; Python calls it directly, and there it also raises.

    The method does the work and returns the text for the status line. Called from Python, it runs on the
    panel's worker and returns when done. Errors: Refused, and what the method raises.

        @action("{queue}.pause()", changes=True)
        def pause(self) -> str: ...
    """

    def wrap(
        method: Callable[Concatenate[PanelType, P], str],
    ) -> Callable[Concatenate[PanelType, P], None]:
        described = Action(method.__name__, method, code, changes, busy)

        @functools.wraps(method)
        def call(self: PanelType, /, *args: P.args, **kwargs: P.kwargs) -> None:
            bound = inspect.signature(method).bind(self, *args, **kwargs)
            arguments = dict(bound.arguments)
            arguments.pop("self")
            self.act(described, arguments).result()

        call.action = described  # type: ignore[attr-defined]
        return call

    return wrap


def action_of(panel: Clickable, name: object) -> Action:
    """The action with this name. Errors: Refused when the panel does not have it."""
    method = getattr(type(panel), name, None) if isinstance(name, str) else None
    described = getattr(method, "action", None)
    if not isinstance(described, Action):
        raise Refused("This panel has no such action.")
    return described


def actions_of(kind: type[Clickable]) -> dict[str, Action]:
    """All actions of a kind of panel, by name."""
    named = {
        name: getattr(held, "action", None) for base in kind.__mro__ for name, held in vars(base).items()
    }
    return {name: found for name, found in named.items() if isinstance(found, Action)}


def literal(value: object) -> str:
    """A value as Python source, strings in double quotes."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    return repr(value)
