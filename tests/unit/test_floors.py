"""The floors of the house: a file imports only from lower floors or its own folder, and there are no cycles."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2] / "cloudtasks_nb"

FLOORS = [
    {"shown", "redact"},
    {"errors"},
    {"names"},
    {"model"},
    {"rest", "frames", "render", "progress", "interrupts"},
    {"listing"},
    {"pager", "api", "batching"},
    {"resources", "emulating"},
    {"client", "bulk", "worker"},
    {"connecting"},
    {"widgets", "plots", "magics", "embedded"},
    {"pytest_plugin"},
    {"__init__", "__main__"},
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

# The only arrows that point up, each inside a function: objects that show themselves, verbs that open a panel.
UPWARD = {
    ("shown", "render"),
    ("resources", "widgets"),
    ("emulating", "widgets"),
    ("resources", "plots"),
    ("client", "plots"),
    ("model", "plots"),
    ("model", "frames"),
    ("resources", "bulk"),
    ("resources", "worker"),
    ("client", "widgets"),
}
# The emulator stands beside the house: it uses the ground floors, and only the command line starts it.
EMULATOR_MAY_USE = {"errors", "names", "model", "emulator", "__version__"}
EMULATOR_IS_USED_BY = {"emulator", "__main__"}
# Its own floors. Services and dispatcher meet in the store, and deliveries know nothing of either.
EMULATOR_FLOORS = [
    {"clock"},
    {"calls", "timeline"},
    {"rules"},
    {"options", "store"},
    {"delivery"},
    {"services"},
    {"access", "demo", "dispatch"},
    {"http"},
    {"process"},
    {"__init__"},
]
EMULATOR_LEVEL = {room: level for level, rooms in enumerate(EMULATOR_FLOORS) for room in rooms}


def room(path: Path) -> str:
    return path.relative_to(HOUSE).with_suffix("").parts[0]


def imports(path: Path, *inside: str) -> list[tuple[str, bool]]:
    """Rooms, of the house or of a room inside it, that a file imports: each with whether the import is lazy.

    Lazy is what stands inside a function or a TYPE_CHECKING block.
    """
    place = ["cloudtasks_nb", *inside]
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
            target = [*base, *(node.module or "").split(".")] if node.module else list(base)
            if target[: len(place)] != place:
                continue
            rooms = target[len(place) :][:1] or [alias.name for alias in node.names]
            found += [(name, id(node) in lazy) for name in rooms]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found += [
                ((parts[len(place) :] or ["__init__"])[0], id(node) in lazy)
                for parts in names
                if parts[: len(place)] == place
            ]
    return found


@pytest.mark.parametrize("path", sorted(HOUSE.rglob("*.py")), ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_imports_only_from_lower_floors_or_its_own_room(path: Path) -> None:
    here = room(path)
    for there, lazy in imports(path):
        if there == here:
            continue
        if here == "emulator":
            assert there in EMULATOR_MAY_USE
        elif there == "emulator":
            assert here in EMULATOR_IS_USED_BY
        elif (here, there) in UPWARD:
            assert lazy, f"{here} may reach {there} only inside a function"
        elif not (here == "__init__" or (lazy and LEVEL[there] <= LEVEL[here])):
            assert LEVEL[there] < LEVEL[here], (
                f"{here} (floor {LEVEL[here]}) imports {there} (floor {LEVEL[there]})"
            )


@pytest.mark.parametrize(
    "path", sorted((HOUSE / "emulator").rglob("*.py")), ids=lambda path: str(path.relative_to(HOUSE))
)
def test_the_emulator_has_floors_of_its_own(path: Path) -> None:
    here = path.relative_to(HOUSE / "emulator").with_suffix("").parts[0]
    for there, _ in imports(path, "emulator"):
        assert there == here or EMULATOR_LEVEL[there] < EMULATOR_LEVEL[here], f"{here} imports {there}"


def test_every_room_has_a_floor() -> None:
    rooms = {room(path) for path in HOUSE.rglob("*.py")}
    assert rooms - {"emulator"} == set(LEVEL)
    emulator = HOUSE / "emulator"
    inside = {path.relative_to(emulator).with_suffix("").parts[0] for path in emulator.rglob("*.py")}
    assert inside == set(EMULATOR_LEVEL)


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
    # A package's __init__ gathers its own modules; that arrow is no dependency of theirs on it.
    for name in graph:
        graph[name] = {target for target in graph[name] if not name.startswith(f"{target}.")}
    while leaves := [name for name, targets in graph.items() if not targets & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph
