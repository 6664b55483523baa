"""The methods as a tree of attributes: client.api.projects.locations.queues.tasks.lease(...)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ..connected import Connected
from ..discreet import JsonObject, as_secret, discreet
from ..errors import ConfigError, DecodeError, InvalidArgument
from ..model.json import decode
from ..model.methods import METHODS, Method, method_in, methods_of
from ..model.versions import AUTO, OWN, VERSIONS, Version, not_in
from ..redact import is_secret
from ..rest.answers import asked
from ..rest.call import Call
from ..rest.pages import PageTokens
from ..rest.session import Session
from ..shown import Shown
from .describing import Description, docstring, request_line
from .parameters import SYSTEM, bind, body_of, signature

if TYPE_CHECKING:
    from ..render import Table, Value

Json = dict[str, Any]


class _Help:
    """The docstring of a class. That of an instance has its parameters, and is only written when it is read."""

    def __init__(self, words: str | None) -> None:
        self._words = words

    def __get__(self, one: ApiMethod | None, kind: type[ApiMethod]) -> str | None:
        return self._words if one is None else docstring(one._method)


class ApiMethod(Connected, Shown):
    """One REST method. Call it with the API's parameter names."""

    def __init__(self, session: Session, version: Version, id: str, *, checked: bool) -> None:
        self._session = session
        self._version = version
        self._id = id
        self._checked = checked
        self.__name__ = id.rpartition(".")[2]

    @property
    def _method(self) -> Method:
        return method_in(self._version, self._id)

    @property
    def __signature__(self) -> inspect.Signature:
        return signature(self._method)

    def __call__(self, *args: Any, **given: Any) -> Any:
        given = JsonObject(
            (name, as_secret(value) if is_secret(name) else value) for name, value in given.items()
        )
        call = self._call(args, given)
        raw = self._session.send(call)
        try:
            with asked(call.method.id, call.resource):
                return discreet(decode(raw, Json))
        except DecodeError:
            if not call.wraps:
                raise
            return raw.decode("utf-8", "replace")  # JavaScript around JSON

    def _call(self, args: tuple[Any, ...], given: Json) -> Call:
        method = self._method
        if len(args) > len(method.variables):
            from ..render.values import counted

            raise InvalidArgument(
                f"Passed by position: {counted(len(args), 'parameter')}. Allowed: {len(method.variables)}.",
                method=method.id,
                hint=f"pass by position only: {', '.join(method.variables) or 'none'}",
            )
        for name, value in zip(method.variables, args, strict=False):
            if name in given:
                raise InvalidArgument(f"{name} is passed twice.", method=method.id)
            given = JsonObject({name: value, **given})
        bound = bind(method, given, checked=self._checked)
        body = body_of(method, bound.body, checked=self._checked)
        return Call(
            method,
            path={name: bound.path.get(name, "") for name in method.variables},
            query=bound.query,
            body=body,
        )

    def _shape_(self) -> Any:
        return Description(self._method)._shape_()

    def __repr__(self) -> str:
        own = [one for name, one in self.__signature__.parameters.items() if name not in SYSTEM]
        return f"<{self._method.id}{inspect.Signature(own)}>"


class ListMethod(ApiMethod):
    """A REST method with pages."""

    def pages(self, *args: Any, **given: Any) -> Iterator[Json]:
        """Iterate over the pages as dicts; each is requested when it is reached. The last has no nextPageToken.

        Example:
            >>> lists = client.api.projects.locations.queues.tasks.list
            >>> names = [task["name"] for page in lists.pages(parent=queue.name, fields="tasks/name")
            ...          for task in page.get("tasks", ())]
        """
        for name in ("fields", "$fields"):
            asked_for = given.get(name) or ()
            paths = [asked_for] if isinstance(asked_for, str) else [*asked_for]
            if paths and not any("nextPageToken" in path or path == "*" for path in paths):
                given[name] = [*paths, "nextPageToken"]  # without it, every page would seem to be the last
        what = self._method.id.rpartition(".")[0].rpartition(".")[2]
        tokens = PageTokens(what, self._method.id, str(next(iter((*args, *given.values())), "")))
        while True:
            page = self(*args, **given)
            yield page
            token = page.get("nextPageToken") if isinstance(page, dict) else None
            if not tokens.next(token or ""):
                return
            tokens.number += 1
            given["pageToken"] = token


for _kind in (ApiMethod, ListMethod):
    _kind.__doc__ = _Help(_kind.__doc__)  # type: ignore[assignment]


class Namespace(Connected, Shown):
    """A part of the API; its resources and methods are attributes."""

    def __init__(self, session: Session, version: Version, prefix: str, *, checked: bool) -> None:
        below = _below(session, version, prefix, checked=checked)
        self._session = session
        self._version = version
        self._prefix = prefix
        self._root = "client.api" if version == OWN else f"client.api.{version}"
        self._below = below
        self.__dict__.update(below)

    def __dir__(self) -> list[str]:
        return sorted(self._below)

    def __getattr__(self, name: str) -> Any:
        """Raise AttributeError; if another API version has this name, the message says which."""
        missing = f"{type(self).__name__!r} object has no attribute {name!r}"
        if not name.startswith("_"):
            path = f"{self._prefix}{name}"
            versions = {
                version: None
                for one in METHODS.values()
                if one.id == path or one.id.startswith(f"{path}.")
                for version in one.versions
            }
            if versions:
                ways = " or ".join(f"client.api.{version}" for version in versions)
                missing = f"{path} does not exist in {self._version}. Next: use {ways}"
        raise AttributeError(missing, name=name, obj=self)

    def _shape_(self) -> Table:
        from ..render import Table, code, muted

        every = methods_of(self._version).values()
        methods = [method for method in every if method.id.startswith(self._prefix)]
        rows: list[list[Value]] = [
            [code(method.id.removeprefix(self._prefix)), request_line(method), muted(method.summary)]
            for method in methods
        ]
        return Table(
            caption=f"{self._root}.{self._prefix}".rstrip("."),
            columns=["method", "request", "what it does"],
            rows=rows,
            footer=f'{len(rows)} methods; {self._root}.describe("{methods[0].id}") describes one',
        )

    def __repr__(self) -> str:
        return f"<{self._root}.{self._prefix}".rstrip(".") + f": {', '.join(dir(self))}>"


class Api(Namespace):
    """Every REST method under the API's own name; dicts in, dicts out.

    The version is v2beta2, or that of ct.connect(); `client.api.v2` has the methods of v2.
    Names are camelCase, as in the API. Unknown parameters and body members raise InvalidArgument before any request;
    `client.api.unchecked` sends them.

    Example:
        >>> queues = client.api.projects.locations.queues
        >>> queues.list(parent="projects/p/locations/us-central1", fields="queues/name")
        >>> client.api.describe("projects.locations.queues.tasks.lease")
    """

    def __init__(self, session: Session, version: Version | None = None, *, checked: bool = True) -> None:
        named = OWN if session.api_version == AUTO else session.api_version
        super().__init__(session, version or named, "", checked=checked)
        self._checked = checked

    @property
    def v2beta2(self) -> Api:
        """The 29 methods of v2beta2, the only version that leases tasks."""
        return Api(self._session, "v2beta2", checked=self._checked)

    @property
    def v2beta3(self) -> Api:
        """The 24 methods of v2beta3.

        Example:
            >>> client.api.v2beta3.projects.locations.queues.get(name=queue.name)["type"]
            'PUSH'
        """
        return Api(self._session, "v2beta3", checked=self._checked)

    @property
    def v2(self) -> Api:
        """The 24 methods of v2."""
        return Api(self._session, "v2", checked=self._checked)

    @property
    def unchecked(self) -> Api:
        """The same methods without checks of parameters and bodies: for features that are newer than this package.

        Example:
            >>> client.api.unchecked.projects.locations.queues.get(name=queue.name, fields="state")
            {'state': 'RUNNING'}
        """
        return Api(self._session, self._version, checked=False)

    def describe(self, method: str | ApiMethod) -> Description:
        """Describe one method: path, parameters, body, permission, retries. Errors: ConfigError.

        Example:
            >>> client.api.describe("projects.locations.queues.tasks.lease")
        """
        if isinstance(method, ApiMethod):
            return Description(method._method)
        name = str(method).removeprefix("cloudtasks.")
        known = methods_of(self._version)
        if name in METHODS and name not in known:
            raise not_in(self._version, name, METHODS[name].versions)
        if name not in known:
            short = {one.rpartition(".")[2].lower(): one for one in known}
            near = [short[one] for one in get_close_matches(name.lower(), short, 1, 0.6)]
            near = near or get_close_matches(name, known, 1, 0.5)
            raise ConfigError(
                f"Method {name!r} does not exist.",
                hint=f"did you mean {near[0]!r}?" if near else "client.api shows all methods",
            )
        return Description(known[name])

    def __dir__(self) -> list[str]:
        return sorted([*self._below, "describe", "unchecked", *VERSIONS])


def _below(session: Session, version: Version, prefix: str, *, checked: bool) -> dict[str, Any]:
    below: dict[str, Any] = {}
    for id, method in METHODS.items():
        if version not in method.versions or not id.startswith(prefix):
            continue
        name, _, rest = id.removeprefix(prefix).partition(".")
        if not rest:
            kind = ListMethod if "pageToken" in method.query else ApiMethod
            below[name] = kind(session, version, id, checked=checked)
        elif name not in below:
            below[name] = Namespace(session, version, f"{prefix}{name}.", checked=checked)
    return below
