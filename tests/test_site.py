"""docs/site/: `make docs` shows every document, and what it installs has hashes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.test_dependencies import LOCK, locked_entries

TOP = Path(__file__).parents[1]
FOLDER = TOP / "docs/site"
CONFIG = yaml.safe_load((FOLDER / "mkdocs.yml").read_text("utf-8"))
ELSEWHERE = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "bench/README.md"}
MADE = "docs/reference.md"


def test_the_navigation_has_every_document_once() -> None:
    there = {*ELSEWHERE, *(f"docs/{path.name}" for path in TOP.glob("docs/*.md"))}
    assert sorted(_files(CONFIG["nav"])) == sorted([*there, MADE])


def test_what_is_made_for_the_site_is_where_it_is_looked_for() -> None:
    assert f"build/{MADE}" in (FOLDER / "hooks.py").read_text("utf-8")
    makefile = (TOP / "Makefile").read_text("utf-8")
    assert f"python -m handlers.pages.reference_document >build/{MADE}\n" in makefile


def _files(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        for content in entry.values():
            yield from [content] if isinstance(content, str) else _files(content)


def test_what_lies_outside_docs_is_brought_in() -> None:
    hooks = ast.parse((FOLDER / "hooks.py").read_text("utf-8"))
    (outside,) = [
        ast.literal_eval(node.value)
        for node in hooks.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "OUTSIDE"
    ]
    linked = {
        (path.parent / target).resolve().relative_to(TOP).as_posix()
        for path in (*TOP.glob("docs/*.md"), *(TOP / name for name in ELSEWHERE))
        for target in re.findall(r"\]\((?!\w+:)([^)#]+)", path.read_text("utf-8"))
    }
    assert {name for name in linked | ELSEWHERE if not name.startswith("docs/")} == set(outside)


def test_a_broken_link_fails_and_nothing_comes_from_elsewhere() -> None:
    checked = {**CONFIG["validation"]["nav"], **CONFIG["validation"]["links"]}
    assert set(checked.values()) == {"warn"}  # which --strict makes an error
    assert "--strict --config-file docs/site/mkdocs.yml" in (TOP / "Makefile").read_text("utf-8")
    assert CONFIG["theme"]["font"] is False
    assert CONFIG["plugins"] == ["search"]  # the plugin "offline" loads a script from unpkg.com


def test_what_the_site_is_built_with_has_hashes_and_the_versions_of_the_other_lock_file() -> None:
    versions = dict(map(_release, locked_entries(LOCK)))
    entries = locked_entries((FOLDER / "requirements.lock").read_text("utf-8"))
    assert any(entry.startswith("mkdocs-material==") for entry in entries)
    for entry in entries:
        assert re.fullmatch(r"[^\s=]+==\S+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", entry), entry
        name, version = _release(entry)
        assert versions.get(name, version) == version, name


def _release(entry: str) -> tuple[str, str]:
    """The name and the version of what an entry of a lock file names."""
    name, _, version = entry.split()[0].partition("==")
    return name, version
