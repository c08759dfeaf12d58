"""Limits for the size of classes and functions, and a test file for each module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[1]
PACKAGES = ("hcserver", "handlers", "smtp")

MAX_CLASS_LINES = 250
MAX_FUNCTION_LINES = 40

# Definitions that exceed the limits: "path:name". The test fails for an entry that is not needed any more.
LONG_CLASSES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()
# Modules without a test file of their own name. The test fails for an entry that is not needed any more.
WITHOUT_TEST_FILE: set[str] = {
    "handlers/api/check_base.py",
    "hcserver/cli/__init__.py",
    "hcserver/errors.py",
    "hcserver/mime/charset_names.py",
    "hcserver/mime/header.py",
    "hcserver/mime/parameters.py",
    "hcserver/mime/parts.py",
    "hcserver/mime/work_limit.py",
    "hcserver/services/classification/dry_run.py",
    "hcserver/services/classification/worker.py",
}

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_no_class_exceeds_the_limit() -> None:
    assert _longer_than(MAX_CLASS_LINES, ast.ClassDef) == LONG_CLASSES


def test_no_function_exceeds_the_limit() -> None:
    assert _longer_than(MAX_FUNCTION_LINES, *_FUNCTIONS) == LONG_FUNCTIONS


def test_every_module_with_code_has_a_test_file_of_its_own_name() -> None:
    missing = {_name(path) for path in _modules() if _has_code(path) and not _has_test_file(path)}
    assert missing == WITHOUT_TEST_FILE


def _modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((TOP / package).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(TOP).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _longer_than(limit: int, *kinds: type[ast.stmt]) -> set[str]:
    """The definitions of these kinds that have more lines, without counting decorators."""
    found = set()
    for path in _modules():
        for node in ast.walk(_tree(path)):
            if isinstance(node, kinds) and isinstance(
                node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
            ):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno + 1 > limit:
                    found.add(f"{_name(path)}:{node.name}")
    return found


def _has_code(path: Path) -> bool:
    """Whether a function of the module does anything. Records, constants and protocols need no tests."""
    return any(isinstance(node, _FUNCTIONS) and not _is_empty(node) for node in ast.walk(_tree(path)))


def _is_empty(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it consists only of a docstring or `...`, as the methods of a protocol do."""
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in function.body
    )


def _has_test_file(path: Path) -> bool:
    """`a/b/c.py` belongs to a `test_c.py` in `tests/a/b/` or below it; `a/b/__init__.py` to a `test_b.py`."""
    module = path.relative_to(TOP)
    name = module.parent.name if module.name == "__init__.py" else module.stem
    return any((TOP / "tests" / module.parent).rglob(f"test_{name}.py"))
