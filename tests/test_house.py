"""The shape of the house: which module may import which, where third parties live, what a run loads."""

from __future__ import annotations

import ast
import json
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Run

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "ipplan").rglob("*.py"))

FLOORS = {
    "addresses": 0,
    "findings": 0,
    "files": 0,
    "docstrings": 0,
    "project": 0,
    "catalog": 1,
    "plan": 1,
    "observed": 1,
    "landscape": 2,
    "checks": 3,
    "allocation": 3,
    "lookup": 3,
    "flows": 3,
    "changes": 3,
    "editions": 3,
    "inventory": 3,
    "spaces": 3,
    "free": 3,
    "cleanest": 3,
    "address_map": 3,
    "proof": 3,
    "netbox": 3,
    "output": 4,
    "importers": 4,
    "exporters": 5,
    "lab": 6,
    "report": 6,
    "api": 6,
    "cli": 7,
    "__main__": 8,
}
HOMES = {
    "netaddr": {"addresses", "api"},
    "tomli": {"plan", "catalog"},
    "rich": {"output"},
    "click": {"cli"},
    "xlsxwriter": {"exporters"},
    "yaml": {"importers"},
    "pynetbox": {"cli"},
    "requests": {"cli"},
    "jinja2": {"report"},
    "markupsafe": {"report"},
}


def room(module: Path) -> str:
    return module.relative_to(ROOT / "ipplan").parts[0].removesuffix(".py")


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def imported(module: Path) -> Iterator[str]:
    """Yield every absolute module name that a file imports, wherever in it."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(ROOT)))
def test_imports_only_from_the_same_floor_or_below(module: Path) -> None:
    here = room(module)
    if here == "__init__":
        return  # test_api holds that it loads nothing
    for name in imported(module):
        parts = name.split(".")
        if parts[0] != "ipplan" or len(parts) == 1 or parts[1] in ("__version__", here):
            continue
        there = parts[1]
        assert FLOORS[there] <= FLOORS[here], f"{here} imports {there}"
        assert not (FLOORS[here] == FLOORS[there] == 4), f"{here} imports its neighbour {there}"


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(ROOT)))
def test_third_parties_stay_at_home(module: Path) -> None:
    for name in imported(module):
        package = name.partition(".")[0]
        assert room(module) in HOMES.get(package, {room(module)}), f"{package} is imported by {module}"


def imported_at_run_time(node: ast.AST, known: set[str]) -> Iterator[str]:
    """Yield the modules of the program that code imports, also inside functions; not those for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            names = [f"{child.module}.{alias.name}" for alias in child.names]
            yield from (name if name in known else str(child.module) for name in names)
        yield from imported_at_run_time(child, known)


def test_no_module_imports_itself_through_others() -> None:
    modules = {".".join(m.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): m for m in MODULES}
    graph = {
        name: {other for other in imported_at_run_time(tree(module), set(modules)) if other in modules} - {name}
        for name, module in modules.items()
    }

    TopologicalSorter(graph).prepare()


def test_functions_and_classes_fit_on_a_page() -> None:
    """A function has at most 50 lines, a class 250."""
    limits = {ast.FunctionDef: 50, ast.ClassDef: 250}
    large = [
        (module.relative_to(ROOT).as_posix(), node.name)
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and (node.end_lineno or 0) - node.lineno >= limits[type(node)]
    ]
    assert large == []


def test_rich_consoles_are_made_in_one_place() -> None:
    makers = [m.name for m in MODULES if "Console(" in m.read_text(encoding="utf-8")]
    assert makers == ["table.py"]


def loaded(run: Run, *args: str, status: int = 0) -> set[str]:
    """Return the modules that are loaded at the end of a run of the program."""
    script = (
        "import sys\n"
        "from ipplan.__main__ import run\n"
        "status = run()\n"
        "print(*sys.modules, file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    done = run(*args, program=("-c", script))
    assert done.returncode == status, done.stderr
    return set(done.stderr.decode().splitlines()[-1].split())


def test_the_version_loads_no_click(run: Run) -> None:
    modules = loaded(run, "--version")
    assert not modules & {"click", "rich", "netaddr", "tomli", "re", "json", "ipplan.cli"}


def test_the_help_loads_no_command(run: Run) -> None:
    modules = loaded(run, "--help")
    assert not modules & {"rich", "netaddr", "tomli", "ipplan.cli.check", "ipplan.catalog"}


@pytest.mark.parametrize("format_", [("--json",), (), ("--format", "csv")])
def test_a_piped_check_loads_neither_rich_nor_netaddr(run: Run, good_plan: Path, format_: tuple[str, ...]) -> None:
    modules = loaded(run, "check", good_plan.name, *format_)
    assert "ipplan.checks" in modules
    assert not modules & {"rich", "netaddr", "importlib.metadata", "ipplan.allocation"}
    # What only some plans need is loaded for these.
    assert not modules & {
        "ipplan.landscape",
        "ipplan.topology",
        "ipplan.plan.toml_positions",
        "ipplan.plan.toml_problems",
    }


def test_a_piped_check_with_findings_loads_no_more(run: Run, bad_plan: Path) -> None:
    assert not loaded(run, "check", bad_plan.name, status=1) & {"rich", "netaddr", "importlib.metadata"}


def test_same_input_same_bytes_whatever_the_hash_seed(run: Run, bad_plan: Path) -> None:
    outputs = {run("check", bad_plan.name, "--json", env={"PYTHONHASHSEED": str(seed)}).stdout for seed in range(4)}
    assert len(outputs) == 1
    assert json.loads(outputs.pop())["ok"] is False
