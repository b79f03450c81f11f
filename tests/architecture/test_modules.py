"""The rooms of both wings: their modules, what these say of themselves, who imports whom."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
WINGS = ("softswitch", "media")
APART = ROOT / "media" / "native"
"A distribution of its own."
FILES = sorted(
    file for wing in WINGS for file in (ROOT / wing).rglob("*.py") if APART not in file.parents
)
TREES = {file: ast.parse(file.read_text()) for file in FILES}
FOLDERS = sorted({file.parent for file in FILES})
MODULES_IN_A_FOLDER = 14
"More do not fit into one look."
OF_ANY_TYPE = {
    "softswitch/sip/effects.py": "an event's type is checked where the effect is made",
    "softswitch/sip/message/headers.py": "what a header reads as depends on its name",
    "softswitch/sip/transaction/machine.py": "an action of the table takes what its event carries",
}
"Where the SIP core says `Any`, and why no caller notices."
CATALOGUES = {
    *("softswitch/calls/codes", "softswitch/calls/kinds"),
    *("softswitch/commands", "softswitch/settings/extensions"),
    "softswitch/store/migrations/versions",
}
"Folders of one file an entry: they may be long, and their `__init__` lists the entries."
WITHOUT_LAYERS = {
    "softswitch.commands": "commands are many and equal: another contract says that they are apart",
    "softswitch.store.migrations": "the migrations stand in their own order",
}
"Rooms that contain rooms, but are no container of a contract of layers."


def path(file: Path) -> str:
    return str(file.relative_to(ROOT))


def named(module: str) -> str:
    return module.rpartition(".")[2]


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules that a module imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Who imports whom, imports for type checkers included."""
    return grimp.build_graph(*WINGS, cache_dir=None)


def circles(graph: grimp.ImportGraph) -> Iterator[set[str]]:
    """The sets of modules of which everyone reaches all others by imports."""
    reached: dict[str, set[str]] = {
        module: graph.find_upstream_modules(module) for module in graph.modules
    }
    seen: set[str] = set()
    for module in sorted(graph.modules):
        if module not in seen:
            circle = {other for other in reached[module] if module in reached[other]}
            seen |= circle
            if circle:
                yield circle | {module}


def test_every_module_is_in_the_graph(graph: grimp.ImportGraph) -> None:
    modules = {path(file).removesuffix(".py").replace("/", ".") for file in FILES}
    assert graph.modules == {module.removesuffix(".__init__") for module in modules}


def test_every_room_stands_in_a_layer(graph: grimp.ImportGraph) -> None:
    """With exhaustive layers import-linter refuses a module that stands in none."""
    layered = {
        container
        for contract in CONTRACTS
        if contract["type"] == "layers" and contract["exhaustive"]
        for container in contract["containers"]
    }
    parents = {module.rpartition(".")[0] for module in graph.modules if graph.find_children(module)}
    assert (parents | set(WINGS)) - {""} == layered | WITHOUT_LAYERS.keys()


def test_no_circle_of_imports(graph: grimp.ImportGraph) -> None:
    """A circle may only be within one room, whose docstring names its modules and says why."""
    for circle in circles(graph):
        rooms = {module.rpartition(".")[0] for module in circle}
        assert len(rooms) == 1, f"a circle across rooms: {sorted(circle)}"
        room = rooms.pop()
        said = ast.get_docstring(TREES[ROOT / room.replace(".", "/") / "__init__.py"]) or ""
        silent = {module for module in circle if f"`{named(module)}`" not in said}
        assert "each other" in said, f"{room} does not say why: {sorted(circle)}"
        assert not silent, f"{room} does not name {silent} of {sorted(circle)}"


def test_the_sip_core_imports_nothing_new() -> None:
    """Nothing with input, output, a clock or randomness is among these."""
    allowed = {
        *("__future__", "binascii", "collections.abc", "contextlib", "dataclasses", "email.utils"),
        *("enum", "functools", "hashlib", "hmac", "ipaddress", "itertools", "msgspec", "re"),
        *("typing", "types", "urllib.parse", "zlib"),
    }
    for folder in ("sip", "sdp"):
        for file in (ROOT / "softswitch" / folder).rglob("*.py"):
            names = set(imported(TREES[file]))
            others = {name for name in names if not name.startswith("softswitch.")}
            assert others <= allowed, path(file)


def test_every_class_has_a_name_of_its_own() -> None:
    """Two may share a name when one is the protocol of the other."""
    classes = defaultdict(list)
    for file, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).partition("[")[0] for base in node.bases}
                classes[node.name].append((path(file), "Protocol" in bases))
    for name, places in classes.items():
        real = [place for place, is_protocol in places if not is_protocol]
        assert len(real) <= 1, f"{name} is defined in {real}"
        assert len(places) <= 2, f"{name} is defined in {places}"


@pytest.fixture(scope="module")
def classes() -> dict[str, list[ast.ClassDef]]:
    """All classes by name."""
    found = defaultdict(list)
    for tree in TREES.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(node)
    return found


def set_on_self(function: ast.AST) -> Iterator[str]:
    """The attributes that a method gives its object."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node.value) == "self"
        ):
            yield node.attr


def at_construction(one: ast.ClassDef, classes: dict[str, list[ast.ClassDef]]) -> Iterator[str]:
    """The attributes that an object of the class has from the start, its bases' included."""
    for node in one.body:
        if isinstance(node, ast.FunctionDef) and node.name in ("__init__", "__post_init__"):
            yield from set_on_self(node)
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield node.name
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target)
        elif isinstance(node, ast.Assign):
            yield from map(ast.unparse, node.targets)
    for base in one.bases:
        for parent in classes[ast.unparse(base).partition("[")[0].rpartition(".")[2]]:
            yield from at_construction(parent, classes)


def test_an_object_is_whole_when_it_is_built(classes: dict[str, list[ast.ClassDef]]) -> None:
    """No attribute appears later, is only declared, or goes away."""
    for one in [one for same in list(classes.values()) for one in same]:
        there = set(at_construction(one, classes))
        for method in one.body:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                late = set(set_on_self(method)) - there
                assert not late, f"{one.name}.{method.name} sets {late}"
            for node in ast.walk(method):
                is_declared = isinstance(node, ast.AnnAssign) and node.value is None
                if is_declared and isinstance(node.target, ast.Attribute):
                    pytest.fail(f"{one.name} only declares {node.target.attr}")
                if isinstance(node, ast.Delete):
                    gone = [t.attr for t in node.targets if isinstance(t, ast.Attribute)]
                    assert not gone, f"{one.name} deletes {gone}"


@pytest.mark.parametrize("folder", FOLDERS, ids=path)
def test_a_folder_is_seen_in_one_look(folder: Path) -> None:
    if path(folder) not in CATALOGUES:
        files = [file for file in folder.glob("*.py") if file.name != "__init__.py"]
        assert len(files) <= MODULES_IN_A_FOLDER


@pytest.mark.parametrize("file", FILES, ids=path)
def test_a_module_says_what_it_is_for(file: Path) -> None:
    said = ast.get_docstring(TREES[file]) or ""
    assert said.strip(), "no docstring"
    assert "TODO" not in said


def test_no_module_hides_imports_in_its_room() -> None:
    """An `__init__` without imports cannot close a circle that nobody sees."""
    for file in FILES:
        if file.name == "__init__.py" and path(file.parent) not in CATALOGUES:
            assert not list(imported(TREES[file])), path(file)


@pytest.mark.parametrize("file", sorted((ROOT / "softswitch/sip").rglob("*.py")), ids=path)
def test_the_sip_core_is_typed_to_its_seams(file: Path) -> None:
    """No `Any`, and no assertion about what the types could say."""
    for node in ast.walk(TREES[file]):
        if path(file) not in OF_ANY_TYPE:
            assert not (isinstance(node, ast.Name) and node.id == "Any"), node.lineno
        if isinstance(node, ast.Assert):
            assert not ast.unparse(node.test).endswith("is not None"), node.lineno
