"""The documents: what they link to and name exists, and CONTRIBUTING.md describes every package."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from hcserver.config.report import describe
from hcserver.config.schema import Settings

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


@pytest.mark.parametrize(("document", "least"), [("security.md", 51), ("guarantees.md", 30)])
def test_every_promise_names_a_test_that_exists(document: str, least: int) -> None:
    text = (TOP / "docs" / document).read_text("utf-8")
    tables = re.findall(r"^\| promise \| test \|\n\| --- \| --- \|\n((?:\|.*\n)+)", text, re.MULTILINE)
    promises = [line for table in tables for line in table.splitlines()]
    assert len(promises) >= least
    for promise in promises:
        tests = re.findall(r"`(tests/\S+?\.py)::(test_\w+)`", promise.split(" | ", 1)[1])
        assert tests, promise
        for path, name in tests:
            assert re.search(rf"^(async )?def {name}\(", (TOP / path).read_text("utf-8"), re.MULTILINE), name


def test_every_limit_that_the_threat_model_names_is_a_setting_with_this_default() -> None:
    text = (TOP / "docs/security.md").read_text("utf-8")
    defaults = {line.name: line.value for line in describe(Settings())}
    sections = {name.partition(".")[0] for name in defaults}
    named = re.findall(rf"`((?:{'|'.join(sections)})\.[a-z_]+)`(?:: ([0-9,]+))?", text)
    assert {name for name, _ in named} - set(defaults) - {"secrets.key"} == set()
    given = {name: int(value.replace(",", "")) for name, value in named if value}
    assert len(given) >= 8
    assert given == {name: defaults[name] for name in given}


def test_every_message_of_the_troubleshooting_is_one_that_the_server_prints() -> None:
    text = (TOP / "docs/troubleshooting.md").read_text("utf-8")
    messages = re.findall(r"^\| `([^`]*)` \|", text, re.MULTILINE)
    printed = [
        node.value
        for package in ("hcserver", "handlers", "smtp")
        for path in (TOP / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert len(messages) > 8
    for message in messages:
        start = message.removesuffix("…")
        assert any(start in one for one in printed), message


def test_every_command_of_make_is_in_its_help() -> None:
    makefile = (TOP / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert re.findall(r'@echo "make (\w+) ', makefile) == phony.split()[1:]
