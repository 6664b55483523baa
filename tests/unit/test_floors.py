"""The floors of the house: a file imports only from lower floors or its own folder, and there are no cycles."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2] / "cloudtasks_nb"

FLOORS = [
    {"shown", "redact"},
    {"discreet", "installation", "visible", "unlisted"},
    {"errors"},
    {"names", "connected", "origins", "platforms", "user_paths", "mime", "interrupts", "warned"},
    {"model"},
    {"query", "arguments"},
    {"rest", "frames", "render", "progress"},
    {"oauth", "paging", "api"},
    {"history"},
    {"resources", "emulator.client"},
    {"client", "bulk"},
    {"diagnosis", "worker"},
    {"connecting"},
    {"emulator.running", "emulator.restoring"},
    {"widgets", "plots", "magics", "emulator.launch", "emulator.execute"},
    {"pytest_plugin", "command_line", "watch_command"},
    {"__init__", "__main__", "emulator"},
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
VERSION = "__version__"  # a name, not a room: every file may use it

# The only imports from higher floors, each inside a function: objects that display themselves, verbs that open a panel.
UPWARD = {
    ("shown", "render"),
    ("resources", "widgets"),
    ("emulator.client", "widgets"),
    ("resources", "plots"),
    ("client", "plots"),
    ("model", "plots"),
    ("model", "frames"),
    ("resources", "bulk"),
    ("resources", "worker"),
    ("resources", "diagnosis"),
    ("client", "widgets"),
    ("diagnosis", "plots"),
    ("diagnosis", "widgets"),
}
# The server is beside the house: it uses the ground floors, and only the command line starts it.
SERVER = "emulator.server"
SERVER_MAY_USE = {"errors", "names", "origins", "platforms", "user_paths", "mime", "model", VERSION}
SERVER_IS_USED_BY = {"__main__", "command_line"}
# Its own floors. Services and dispatcher meet in the store, and deliveries import neither.
SERVER_FLOORS = [
    {"clock", "complaints", "hindrances"},
    {"calls", "timeline"},
    {"rules"},
    {"options", "store"},
    {"delivery"},
    {"services"},
    {"access", "demo", "dispatch", "waiting"},
    {"starting", "telemetry"},
    {"world", "front"},
    {"http", "grpc"},
    {"process"},
    {"__init__"},
]
SERVER_LEVEL = {room: level for level, rooms in enumerate(SERVER_FLOORS) for room in rooms}


def room(parts: Sequence[str]) -> str:
    """The room of a module, by its name below the package; the emulator has several rooms."""
    if parts[0] == "emulator" and len(parts) > 1 and parts[1] != "__init__":
        return ".".join(parts[:2])
    return parts[0] if parts else "__init__"


def room_of(path: Path) -> str:
    return room(path.relative_to(HOUSE).with_suffix("").parts)


@cache
def imports(path: Path) -> list[tuple[tuple[str, ...], bool]]:
    """The modules of the package that a file imports, by their short names; and whether each import is lazy.

    An import inside a function or a TYPE_CHECKING block is lazy.
    """
    tree = ast.parse(path.read_text())
    lazy = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        for inner in ast.walk(node)
    }
    found = []
    package = ("cloudtasks_nb", *path.relative_to(HOUSE).parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            target = (*base, *(node.module or "").split(".")) if node.module else base
            names = [(*target, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        else:
            continue
        found += [
            (name[1:] or ("__init__",), id(node) in lazy) for name in names if name[0] == "cloudtasks_nb"
        ]
    return found


@pytest.mark.parametrize("path", sorted(HOUSE.rglob("*.py")), ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_imports_only_from_lower_floors_or_its_own_room(path: Path) -> None:
    here = room_of(path)
    for there, lazy in ((room(parts), lazy) for parts, lazy in imports(path)):
        if there in (here, VERSION):
            continue
        if here == SERVER:
            assert there in SERVER_MAY_USE
        elif there == SERVER:
            assert here in SERVER_IS_USED_BY
        elif (here, there) in UPWARD:
            assert lazy, f"{here} may reach {there} only inside a function"
        elif not (here == "__init__" or (lazy and LEVEL[there] <= LEVEL[here])):
            assert LEVEL[there] < LEVEL[here], (
                f"{here} (floor {LEVEL[here]}) imports {there} (floor {LEVEL[there]})"
            )


@pytest.mark.parametrize(
    "path",
    sorted((HOUSE / "emulator/server").rglob("*.py")),
    ids=lambda path: str(path.relative_to(HOUSE)),
)
def test_the_server_has_floors_of_its_own(path: Path) -> None:
    here = path.relative_to(HOUSE / "emulator/server").with_suffix("").parts[0]
    for parts, _ in imports(path):
        if room(parts) == SERVER and len(parts) > 2:
            assert parts[2] == here or SERVER_LEVEL[parts[2]] < SERVER_LEVEL[here], f"{here} imports {parts}"


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in HOUSE.rglob("*.py")} - {SERVER} == set(LEVEL)
    server = HOUSE / "emulator/server"
    inside = {path.relative_to(server).with_suffix("").parts[0] for path in server.rglob("*.py")}
    assert inside == set(SERVER_LEVEL)


def modules() -> dict[str, set[str]]:
    """Every module with the modules it imports at load time."""
    graph: dict[str, set[str]] = {}
    for path in HOUSE.rglob("*.py"):
        parts = ("cloudtasks_nb", *path.relative_to(HOUSE).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        package = parts[:-1]
        targets = set()
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                base = ".".join(
                    [*package[: len(package) - node.level + 1], *([node.module] if node.module else [])]
                )
                targets |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        graph[name] = targets
    return {name: {t for t in targets if t in graph and t != name} for name, targets in graph.items()}


def test_there_are_no_import_cycles() -> None:
    graph = modules()
    assert len(graph) > 20
    # A package's __init__ imports its own modules; this is not a dependency of the modules on it.
    for name in graph:
        graph[name] = {target for target in graph[name] if not name.startswith(f"{target}.")}
    while leaves := [name for name, targets in graph.items() if not targets & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph
