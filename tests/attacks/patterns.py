"""Every regular expression of the product, and inputs on which each of them would take longest."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import random
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import handlers
import hcserver
import smtp

# Parts of `re` whose types are not declared.
ops: Any = importlib.import_module("re._constants")
_parser: Any = importlib.import_module("re._parser")

METHODS = frozenset(("search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"))
Pattern = re.Pattern[str] | re.Pattern[bytes]


def modules() -> Iterator[ModuleType]:
    for package in (hcserver, smtp, handlers):
        yield package
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not info.name.endswith("__main__"):
                yield importlib.import_module(info.name)


def every_pattern() -> dict[str, tuple[Pattern, frozenset[str]]]:
    """Each pattern by the place where it is made, with the methods by which it is used: the patterns that
    modules and classes keep, in containers, too, and those that functions make of literals.
    """
    known: dict[str, tuple[Pattern, frozenset[str]]] = {}
    trees = {module: _tree(module) for module in modules()}
    uses = _uses(trees.values())
    for module, tree in trees.items():
        for name, value in vars(module).items():
            for used_as, pattern in _patterns_in(name, value, 4):
                if all(pattern is not other for other, _ in known.values()):
                    place = f"{module.__name__}.{name} {pattern.pattern!r}"
                    known[place] = pattern, frozenset(uses.get(used_as, METHODS))
        for text, method in _literals(tree):
            known[f"{module.__name__} {text!r}"] = re.compile(text), frozenset((method,))
    return known


def attacks(pattern: Pattern, seed: int = 1) -> Iterator[tuple[str, str, str]]:
    """Beginnings, pieces to repeat and ends that leave the pattern many ways in which it might match."""
    chance = random.Random(seed)
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = _parser.parse(text, pattern.flags & ~re.LOCALE)
    samples = sorted({"".join(_sample(tree, chance))[:40] for _ in range(2)})
    beginnings = {sample[:end] for sample in samples for end in (0, 1, len(sample) // 2, len(sample) - 1)}
    pieces = {sample[at : at + size] for sample in samples for at in range(len(sample)) for size in (1, 3)}
    pieces |= {*samples, *' \t\n\r\\"<>=-:;,.@/_(*0aZ\0é', "\r\n", "\n ", " a", "a.", "a-", "--"}
    for piece in sorted(pieces - {""}):
        for beginning in sorted(beginnings):
            yield beginning, piece, ""
        yield "", piece, "\x01"


def _tree(module: ModuleType) -> ast.Module:
    assert module.__file__ is not None
    return ast.parse(Path(module.__file__).read_text())


def _uses(trees: Any) -> dict[str, set[str]]:
    """The methods of patterns that are called on each variable or attribute, whichever module does it."""
    uses: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                owner = node.value.value if isinstance(node.value, ast.Subscript) else node.value
                if isinstance(owner, ast.Name | ast.Attribute):
                    name = owner.id if isinstance(owner, ast.Name) else owner.attr
                    uses.setdefault(name, set()).add(node.attr)
    return uses


def _literals(tree: ast.Module) -> Iterator[tuple[Any, str]]:
    """Patterns that are given to functions of `re` as literals, and what is done with them."""
    kept = {node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)}
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and node not in kept
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            parent = parents[node]
            method = parent.attr if isinstance(parent, ast.Attribute) else node.func.attr
            yield node.args[0].value, method if method in METHODS else "search"


def _patterns_in(name: str, value: object, depth: int) -> Iterator[tuple[str, Pattern]]:
    """Patterns with the names of the variables or attributes by which they are used."""
    if isinstance(value, re.Pattern):
        yield name, value
    elif depth and isinstance(value, dict):
        for item in value.values():
            yield from _patterns_in(name, item, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _patterns_in(name, item, depth - 1)
    elif depth and isinstance(value, type) and _is_ours(value):
        for attribute, item in vars(value).items():
            yield from _patterns_in(attribute, item, depth - 1)
    elif depth and _is_ours(type(value)):
        for attribute in getattr(type(value), "__annotations__", {}):
            yield from _patterns_in(attribute, getattr(value, attribute, None), depth - 1)


def _is_ours(owner: type) -> bool:
    return owner.__module__.partition(".")[0] in ("hcserver", "smtp", "handlers")


def _sample(tree: Any, chance: random.Random) -> Iterator[str]:
    """A text that the pattern matches, more or less."""
    for op, value in tree:
        if op is ops.LITERAL:
            yield chr(value)
        elif op in (ops.NOT_LITERAL, ops.ANY):
            yield chance.choice("a .")
        elif op is ops.IN:
            yield _one_of(value, chance)
        elif op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            least, most, inner = value
            for _ in range(min(max(least, 1), most, 12) + chance.randrange(2)):
                yield from _sample(inner, chance)
        elif op is ops.SUBPATTERN:
            yield from _sample(value[3], chance)
        elif op is ops.ATOMIC_GROUP:
            yield from _sample(value, chance)
        elif op is ops.BRANCH:
            yield from _sample(chance.choice(value[1]), chance)


def _one_of(items: Any, chance: random.Random) -> str:
    candidates = [chr(code) for code in range(1, 127)]
    if items[0][0] is ops.NEGATE:
        fitting = [char for char in candidates if not any(_is_in(char, item) for item in items[1:])]
        return chance.choice(fitting or ["é"])
    fitting = [char for char in candidates if any(_is_in(char, item) for item in items)]
    return chance.choice(fitting or ["é"])


def _is_in(char: str, item: Any) -> bool:
    op, value = item
    if op is ops.LITERAL:
        return bool(ord(char) == value)
    if op is ops.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    categories = {
        ops.CATEGORY_SPACE: char.isspace(),
        ops.CATEGORY_NOT_SPACE: not char.isspace(),
        ops.CATEGORY_DIGIT: char.isdigit(),
        ops.CATEGORY_NOT_DIGIT: not char.isdigit(),
        ops.CATEGORY_WORD: char.isalnum() or char == "_",
        ops.CATEGORY_NOT_WORD: not (char.isalnum() or char == "_"),
    }
    return categories.get(value, False)
