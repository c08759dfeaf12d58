"""The documents: what they link to and name exists, and CONTRIBUTING.md describes every package."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hcserver.cli import main
from hcserver.config.report import describe
from hcserver.config.schema import Settings

TOP = Path(__file__).parents[1]
DOCUMENTS = sorted([*TOP.glob("*.md"), *TOP.glob("docs/*.md"), *TOP.glob("bench/*.md")])


# What runs the examples of a document.
RUN_BY = {
    "README.md": ("e2e/test_quickstart.py", "e2e/test_move.py"),
    "docs/api.md": ("e2e/test_api_document.py", "e2e/test_events.py"),
    "docs/config-as-code.md": ("hcserver/cli/test_declaration.py",),
    "docs/jobs.md": ("e2e/test_jobs_document.py",),
    "docs/metrics.md": ("e2e/test_metrics.py",),
    "docs/moving-in.md": ("e2e/test_import.py",),
    "docs/operations.md": ("e2e/test_operations_document.py", "e2e/test_proxies.py"),
    "docs/quick-start.md": ("e2e/test_quick_start_document.py",),
}


def test_the_examples_of_every_document_are_run_by_a_test() -> None:
    with_examples = {
        document.relative_to(TOP).as_posix()
        for document in DOCUMENTS
        if re.search(r"^```\w", document.read_text("utf-8"), re.MULTILINE)
    }
    assert with_examples == RUN_BY.keys()
    for document, tests in RUN_BY.items():
        for test in tests:
            text = (TOP / "tests" / test).read_text("utf-8")
            assert Path(document).name in text or "tests.e2e.readme import" in text, (document, test)


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


def _named_commands(text: str) -> Iterator[list[str]]:
    """The hcserver commands in it, word by word: those in shell blocks, and those within a sentence."""
    blocks = re.findall(r"^```(?:sh|crontab)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for code in (*lines, *(span.replace("\n", " ") for span in re.findall(r"`([^`]*)`", outside))):
        if found := re.match(r"(?:\S*/)?hcserver (.*)", code):
            yield found[1].partition(" #")[0].split()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_is_named_exists_with_its_options(document: Path) -> None:
    for words in _named_commands(document.read_text("utf-8")):
        command: click.Command | None = main
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            if words[0].isupper():
                break
            command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None, words
        own = words[: words.index("--")] if "--" in words else words
        known = {name for parameter in command.params for name in parameter.opts} | {"-h", "--help"}
        assert {word for word in own if word[0] == "-" and word != "-"} <= known, (command.name, words)


def test_every_command_of_make_is_in_its_help() -> None:
    makefile = (TOP / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert re.findall(r'@echo "make (\w+) ', makefile) == phony.split()[1:]
