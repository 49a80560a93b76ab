"""The rooms at the bottom of the house import each other in one direction only, also inside functions."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("addresses.py", "findings.py", "catalog", "plan")


def runtime_imports(tree: ast.AST) -> set[str]:
    """Return the modules that a file imports when it runs, wherever in it; not those for types only."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        found |= runtime_imports(node)
    return found


def test_no_module_imports_one_that_imports_it() -> None:
    graph: dict[str, set[str]] = {}
    for name in ROOMS:
        path = ROOT / "ipplan" / name
        for file in [path] if path.is_file() else path.rglob("*.py"):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            graph[module] = runtime_imports(ast.parse(file.read_text(encoding="utf-8")))
    known = {module: {name for name in names if name in graph} for module, names in graph.items()}

    # Raises CycleError, which names the modules of the circle.
    order = list(TopologicalSorter(known).static_order())
    assert order.index("ipplan.plan.service") < order.index("ipplan.plan.model") < order.index("ipplan.plan.load")
