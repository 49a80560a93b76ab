"""Read docstrings from the source, because `python -OO` drops them and the rules and the help are made from them.

The source can be in a folder or in an archive.
"""

from __future__ import annotations

import ast
import sys
from functools import lru_cache


def read_docstring(module: str, function: str | None = None) -> str:
    """Return the docstring of a module, or of one of its functions; an empty text without the source."""
    return _docstrings(module).get(function, "")


@lru_cache
def _docstrings(module: str) -> dict[str | None, str]:
    spec = sys.modules[module].__spec__
    get_source = getattr(spec and spec.loader, "get_source", None)
    try:
        source = None if get_source is None else get_source(module)
    except (ImportError, OSError):
        source = None
    if source is None:
        return {}
    tree = ast.parse(source)
    found: dict[str | None, str] = {None: ast.get_docstring(tree) or ""}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = ast.get_docstring(node) or ""
    return found
