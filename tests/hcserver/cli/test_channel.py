from __future__ import annotations

import pytest

from tests.hcserver.cli.conftest import Cli


@pytest.fixture
def lab(cli: Cli) -> Cli:
    cli.json("project", "create", "Lab")
    return cli


def test_channels_are_created_and_listed_in_their_order(lab: Cli) -> None:
    email = lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    assert (email["name"], email["kind"]) == ("Ops", "email")
    webhook = lab.json("channel", "create", "Lab", "webhook", "https://example.org/hook?x=1")
    assert lab.json("channel", "list", "Lab") == [
        {"id": email["id"], "name": "Ops", "kind": "email", "target": "ops@example.org"},
        {"id": webhook["id"], "name": "", "kind": "webhook", "target": "https://example.org/hook?x=1"},
    ]


def test_people_are_told_the_id_and_get_a_table(lab: Cli) -> None:
    text = lab.text("channel", "create", "Lab", "email", "ops@example.org", "--name", "Ops")
    (listed,) = lab.json("channel", "list", "Lab")
    assert text == f"Created the email channel {listed['id']}.\n"
    assert [line.split() for line in lab.text("channel", "list", "Lab").splitlines()] == [
        ["kind", "name", "target", "id"],
        ["email", "Ops", "ops@example.org", listed["id"]],
    ]


def test_a_project_without_channels_has_an_empty_list(lab: Cli) -> None:
    assert lab.json("channel", "list", "Lab") == []


def test_what_looks_like_markup_is_shown_as_it_is(lab: Cli) -> None:
    lab.json("channel", "create", "Lab", "email", "ops@example.org", "--name", "[red]x[/] :bomb:")
    assert "[red]x[/] :bomb:" in lab.text("channel", "list", "Lab")


@pytest.mark.parametrize(
    ("kind", "target", "name"),
    [
        ("email", "ops", ""),
        ("email", "", ""),
        ("email", "@", ""),
        ("email", "ops @example.org", ""),
        ("email", "ops@example.org\n", ""),
        ("email", "ops\udcff@example.org", ""),
        ("webhook", "example.org/hook", ""),
        ("webhook", "ftp://example.org/", ""),
        ("webhook", "https://example.org/\x1b[31m", ""),
        ("webhook", "https://example.org/" + "x" * 2000, ""),
        ("email", "ops@example.org", "a\nb"),
        ("email", "ops@example.org", "x" * 101),
    ],
    ids=ascii,
)
def test_a_target_or_name_that_can_not_be_used_is_refused_and_nothing_made(
    lab: Cli, kind: str, target: str, name: str
) -> None:
    assert lab.error("channel", "create", "Lab", kind, target, "--name", name).isprintable()
    assert lab.json("channel", "list", "Lab") == []


def test_an_unknown_kind_is_told_with_those_that_there_are(lab: Cli) -> None:
    result = lab("channel", "create", "Lab", "pigeon", "roof")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'pigeon'" in result.stderr
    assert "'email'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "wrong", [["create", "Lab", "email"], ["create", "Lab"], ["list"], ["list", "Lab", "x"]], ids=" ".join
)
def test_missing_and_superfluous_arguments_are_usage_errors(cli: Cli, wrong: list[str]) -> None:
    result = cli("channel", *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
