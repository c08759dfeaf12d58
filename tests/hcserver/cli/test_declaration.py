from __future__ import annotations

import json
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from hcserver.declaration.executor import Executor
from hcserver.errors import HcError
from hcserver.validation.check import parse_spec
from tests.hcserver.cli.conftest import Cli

DOCUMENT = Path(__file__).parents[3] / "docs/config-as-code.md"
LAB = """
[[projects]]
name = "Lab"
channels = [{ name = "ops", kind = "ntfy", target = { env = "OPS" } }]
checks = [{ slug = "a", channels = ["ops"] }, { slug = "b", desc = "[red]x[/]" }]
"""
SECRET = {"OPS": "s3cret-topic"}
EXAMPLE_SECRETS = {
    "HOMELAB_PING_KEY": "abcdefghijklmnopqrstuv",
    "HOMELAB_HOOK_SECRET": "whsec_" + "QUJD" * 8,
    "HOMELAB_PHONE": "topic",
}


@pytest.fixture
def lab(cli: Cli) -> Cli:
    """The project is there as the file declares it."""
    cli.environment |= SECRET
    assert cli("apply", "-", input=LAB).exit_code == 0
    return cli


def checks(cli: Cli) -> list[str]:
    async def slugs(services: Any) -> list[str]:
        project = await services.projects.find("Lab")
        return [check.slug for check in await services.checks.of_project(project.id)]

    return cli.services(slugs)


def test_a_project_is_made_with_its_keys_printed_once(cli: Cli) -> None:
    cli.environment |= SECRET
    text = cli.text("apply", "-", input=LAB)
    assert "\nCreated the project Lab. Note down its keys, they can't be shown again:\n" in text
    assert re.search(r"^api_key +hcw_\w{28} *$", text, re.MULTILINE)
    assert text.splitlines()[-1] == "Created 4."
    assert cli.text("apply", "-", input=LAB) == "Nothing to change.\n"
    assert checks(cli) == ["a", "b"]


def test_a_dry_run_prints_the_difference_and_changes_nothing(lab: Cli) -> None:
    changed = LAB.replace('"b", desc = "[red]x[/]"', '"c"').replace('"a"', '"a", grace = 60')
    expected = [
        "Lab:",
        "  ~ check a",
        "      grace: 3600 -> 60",
        "  + check c",
        "      channels = []",
    ]
    lines = lab.text("apply", "-", "--dry-run", input=changed).splitlines()
    assert lines == [
        *expected,
        "  = check b: not in the file",
        "1 to create, 1 to change. Nothing was changed, as this was a dry run.",
    ]
    lines = lab.text("apply", "-", "--dry-run", "--prune", input=changed).splitlines()
    assert lines[:-1] == [*expected, "  - check b"]
    assert lab.text("apply", "-", "--dry-run", input=LAB) == "Nothing to change.\n"
    assert checks(lab) == ["a", "b"]


def test_a_dry_run_makes_no_project_and_shows_what_looks_like_markup_as_it_is(cli: Cli) -> None:
    cli.environment |= SECRET
    assert '      desc = "[red]x[/]"' in cli.text("apply", "--dry-run", "-", input=LAB).splitlines()
    assert cli.json("project", "list") == []


def test_on_a_terminal_the_difference_is_coloured(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def console() -> Console:
        return Console(file=sys.stdout, force_terminal=True, color_system="standard")

    cli.environment |= SECRET
    monkeypatch.setattr("hcserver.cli.declaration.console", console)
    lines = cli.text("apply", "--dry-run", "-", input=LAB).splitlines()
    assert lines[1] == "\x1b[32m  + project Lab\x1b[0m"


def test_what_the_file_does_not_name_is_deleted_only_if_asked_to(lab: Cli) -> None:
    without = LAB.replace(', { slug = "b", desc = "[red]x[/]" }', "")
    assert lab.text("apply", "-", input=without).splitlines() == [
        "Lab:",
        "  = check b: not in the file",
        "Nothing to change.",
    ]
    assert checks(lab) == ["a", "b"]
    assert lab.text("apply", "-", "--prune", input=without).splitlines() == [
        "Lab:",
        "  - check b",
        "Deleted 1.",
    ]
    assert checks(lab) == ["a"]


def test_every_fault_is_a_line_and_nothing_is_changed(cli: Cli) -> None:
    result = cli("apply", "-", input=LAB.replace('"b"', '"b", timeout = 1'))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "error: projects[0].channels[0].target: the environment variable OPS is not set (ops)",
        "error: projects[0].checks[1].timeout: is too small (b)",
    ]
    assert cli.json("project", "list") == []


def test_programs_get_changes_and_keys_as_json(cli: Cli) -> None:
    cli.environment |= SECRET
    planned = cli.json("apply", "-", "--dry-run", input=LAB)
    made = cli.json("apply", "-", input=LAB)
    assert planned["changes"] == made["changes"]
    assert (planned["dry_run"], planned["projects"], made["dry_run"]) == (True, [], False)
    assert [(one["action"], one["what"], one["name"]) for one in made["changes"]] == [
        ("create", "project", "Lab"),
        ("create", "channel", "ops"),
        ("create", "check", "a"),
        ("create", "check", "b"),
    ]
    assert made["changes"][3]["fields"] == [
        {"name": "desc", "before": None, "after": "[red]x[/]"},
        {"name": "channels", "before": None, "after": []},
    ]
    (project,) = made["projects"]
    assert project["name"] == "Lab"
    assert project["api_key"].startswith("hcw_")
    assert cli.json("apply", "-", input=LAB) == {"changes": [], "left": [], "dry_run": False, "projects": []}


def test_the_keys_are_printed_even_if_the_rest_fails(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*arguments: object) -> None:
        raise HcError("the database is away")

    cli.environment |= SECRET
    monkeypatch.setattr(Executor, "make_contents", fail)
    for name, options in (("Lab", ()), ("Other", ("--json",))):
        result = cli("apply", "-", *options, input=LAB.replace("Lab", name))
        assert (result.exit_code, result.stderr) == (1, "error: the database is away\n")
        assert "hcw_" in result.stdout
    assert [one["name"] for one in json.loads(result.stdout)["projects"]] == ["Other"]


def test_secrets_are_not_printed(lab: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.environment["OPS"] = "other-s3cret"
    printed = [lab.text("apply", "-", *more, input=LAB) for more in (("--dry-run",), ("--json",))]
    printed += [lab("export").output]
    assert "target:" in printed[0]
    assert [text for text in printed if "s3cret" in text] == []


def test_an_exported_file_changes_nothing(lab: Cli) -> None:
    result = lab("export")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "To be set: PING_KEY_LAB, the ping key of Lab",
        "To be set: TARGET_LAB_OPS, the target of the ntfy channel ops of Lab",
    ]
    assert "\n#   TARGET_LAB_OPS: the target of the ntfy channel ops of Lab\n" in result.stdout
    in_clear = lab("export", "--secrets")
    assert in_clear.stderr == "The file contains passwords and tokens: keep it private.\n"
    assert lab.text("apply", "-", "--prune", input=in_clear.stdout) == "Nothing to change.\n"
    assert "PING_KEY_LAB is not set" in lab("apply", "-", input=result.stdout).stderr
    lab.environment |= {"PING_KEY_LAB": _ping_key(in_clear.stdout), "TARGET_LAB_OPS": SECRET["OPS"]}
    assert lab.text("apply", "-", "--prune", input=result.stdout) == "Nothing to change.\n"


def _ping_key(text: str) -> str:
    (key,) = re.findall(r'^ping_key = "(\w+)"$', text, re.MULTILINE)
    return str(key)


def test_an_exported_file_makes_the_same_elsewhere(lab: Cli) -> None:
    in_clear = lab("export", "--secrets").stdout
    lab.json("project", "delete", "Lab", "--yes")
    lab.text("apply", "-", input=in_clear)
    assert lab("export", "--secrets").stdout == in_clear


def test_some_projects_are_exported_into_a_private_file(lab: Cli, tmp_path: Path) -> None:
    lab.json("project", "create", "Other")
    folder = tmp_path / "files"
    folder.mkdir()
    file = folder / "lab.toml"
    file.write_text("old")
    result = lab("export", "Other", "--secrets", "--output", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [file]
    assert re.findall(r'^name = "(.*)"$', file.read_text("utf-8"), re.MULTILINE) == ["Other"]
    assert lab.text("apply", str(file)) == "Nothing to change.\n"


def test_what_is_left_out_is_listed(lab: Cli) -> None:
    async def add(services: Any) -> None:
        project = await services.projects.find("Lab")
        await services.check_editor.create(project, parse_spec({"name": "Old\x1b[31m"}, 3))

    lab.services(add)
    result = lab("export", "--secrets")
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("Left out: "))
    assert re.fullmatch(r"Left out: Lab: check Old\\x1b\[31m [0-9a-f-]{36}: it has no slug", line)
    assert "\x1b" not in result.stdout


def test_what_can_not_be_read_or_written_is_an_error(lab: Cli, tmp_path: Path) -> None:
    result = lab("apply", str(tmp_path / "none.toml"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No such file" in result.stderr
    assert "there is no project 'None'" in lab.error("export", "None")
    missing = tmp_path / "none" / "lab.toml"
    assert (
        lab.error("export", "--output", str(missing)) == f"can't write {missing}: No such file or directory"
    )


def test_the_example_of_the_document_can_be_applied(cli: Cli) -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    cli.environment |= EXAMPLE_SECRETS
    assert cli.text("apply", "-", input=example).splitlines()[-1] == "Created 9."
    assert cli.text("apply", "-", "--prune", input=example) == "Nothing to change.\n"
    (fault,) = cli("apply", "-", input=example.replace("timeout = 604800", "timeout = 6")).stderr.splitlines()
    assert fault == "error: projects[0].checks[1].timeout: is too small (certificates)"


def test_the_commands_of_the_document_do_what_it_says(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = DOCUMENT.read_text("utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    Path("lab.toml").write_text(example)
    lines = "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)).splitlines()
    variables, dry_run, apply, again, everything, some = (line.partition(" #")[0].split() for line in lines)
    assert {variable.partition("=")[0] for variable in variables[1:]} == EXAMPLE_SECRETS.keys()
    cli.environment |= EXAMPLE_SECRETS
    assert "+ project Homelab" in cli.text(*dry_run[1:])
    assert cli.text(*apply[1:]).splitlines()[-1] == "Created 9."
    assert cli.text(*again[1:]) == "Nothing to change.\n"
    assert everything[-2:] == [">", "all.toml"]
    assert 'name = "Homelab"' in cli.text(*everything[1:-2])
    cli.text(*some[1:])
    assert 'name = "Homelab"' in Path("homelab.toml").read_text()
