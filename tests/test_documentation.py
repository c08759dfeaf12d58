"""The documents: what they link to exists, and CONTRIBUTING.md describes every package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
DOCUMENTS = sorted([*TOP.glob("*.md"), *TOP.glob("docs/*.md"), *TOP.glob("bench/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_another_document_leads_to_an_existing_heading(document: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)", document.read_text("utf-8")):
        path = document.parent / target if target else document
        assert path.exists(), target
        assert not anchor or anchor in _anchors(path), f"{target}#{anchor}"


def _anchors(path: Path) -> set[str]:
    """The anchors of the headings: lower case, without punctuation, with hyphens for blanks."""
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _map() -> set[str]:
    """What the map of the packages in CONTRIBUTING.md lists."""
    text = (TOP / "CONTRIBUTING.md").read_text("utf-8")
    return set(re.findall(r"^\| `([^`]+)` \|", text.partition("## Glossary")[0], re.MULTILINE))


def test_the_map_of_the_packages_lists_only_what_exists() -> None:
    assert [path for path in _map() if not list(TOP.glob(path))] == []


def test_the_map_of_the_packages_lists_every_package() -> None:
    packages = {
        f"{path.parent.relative_to(TOP).as_posix()}/"
        for pattern in ("hcserver/*", "hcserver/services/*", "handlers", "smtp", "tests", "bench")
        for path in TOP.glob(f"{pattern}/__init__.py")
    }
    parts_of_it = {"hcserver/services/"}  # listed by its own packages
    assert packages - parts_of_it - _map() == set()


def test_every_command_of_make_is_in_its_help() -> None:
    makefile = (TOP / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert re.findall(r'@echo "make (\w+) ', makefile) == phony.split()[1:]
