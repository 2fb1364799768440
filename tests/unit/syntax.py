"""The package's syntax trees: each file is parsed once for all tests that look at them."""

import ast
from functools import cache
from pathlib import Path


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of the file, its module first."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def docstring(path: Path) -> str | None:
    """Return the docstring of the file."""
    (module,) = (node for node in nodes(path) if isinstance(node, ast.Module))
    return ast.get_docstring(module)
