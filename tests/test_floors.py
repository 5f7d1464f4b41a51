"""Nothing imports upwards: each import of the package is compared with its floor."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import dash_auth
import pytest

PACKAGE = Path(dash_auth.__file__).parent
DESIGN = Path(__file__).parents[1] / "docs" / "design.md"

FLOORS = [
    "_core _arguments _dash_internals _installed _keywords _listeners _out_of_order _quoted _raised "
    "_secret_keys _shown _threads _unavailable _upstream audit version",
    "_caching _current _refused _request _steps _witness public_routes security",
    "_login sessions users",
    "_dash logins",
    "_guard",
    "_servers",
    "auth",
    "basic_auth components explain form_auth group_protection identity oidc_auth page_protection "
    "recent_login required_groups",
    "dash_auth",
    "_cli",
    "__main__",
]
"""What may be imported from where, the lowest first; `dash_auth` is the package's own module."""

FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}


def module_of(path: Path) -> str:
    """Return the name of a file's module below the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) or "dash_auth"


FILES = {module_of(path): path for path in PACKAGE.rglob("*.py")}


def imports(path: Path) -> Iterator[str]:
    """Return the modules of the package that a file imports, for types alone too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively"
            if node.module == "dash_auth" or (node.module or "").startswith("dash_auth."):
                below = (node.module or "").removeprefix("dash_auth").lstrip(".")
                for alias in node.names:
                    inner = f"{below}.{alias.name}".lstrip(".")
                    yield inner if inner in FILES or inner == "_core" else below or "dash_auth"


@pytest.mark.parametrize("module", sorted(FILES))
def test_no_module_imports_upwards(module: str) -> None:
    floor = FLOOR_OF[module.split(".")[0]]
    upwards = [
        imported for imported in imports(FILES[module]) if FLOOR_OF[imported.split(".")[0]] > floor
    ]
    assert upwards == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: set(imports(path)) & set(FILES) - {module} for module, path in FILES.items()}
    while free := [module for module, needed in graph.items() if not needed]:
        for module in free:
            del graph[module]
        for needed in graph.values():
            needed.difference_update(free)
    assert graph == {}


def test_the_design_shows_the_floors() -> None:
    assert "\n".join(["```text", *FLOORS, "```"]) in DESIGN.read_text()


def test_the_design_names_each_module() -> None:
    house = re.search(r"^## The house$(.*?)^## ", DESIGN.read_text(), re.MULTILINE | re.DOTALL)
    assert house is not None
    named = {"dash_auth", *re.findall(r"\w+", house[1])}
    assert [module for module in FILES if not named.issuperset(module.split("."))] == []
