from __future__ import annotations

from typing import Any

import pytest

from hcserver.cli import doctor as command
from hcserver.cli.output import progress_bars
from hcserver.domain.ping import Ping
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.doctor.finding import Finding, error, ok, warning
from hcserver.validation.check import parse_spec
from tests.hcserver.cli.conftest import Cli


@pytest.fixture(autouse=True)
def ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the default ports of the machine on which the test runs."""

    async def examine(settings: object) -> Any:
        yield ok("ports", "http.port is free")

    monkeypatch.setattr(command, "examine_ports", examine)


def add_checks(cli: Cli) -> None:
    async def work(services: Services) -> None:
        project, _ = await services.projects.create("Lab")
        for slug in ("a", "b"):
            await services.check_editor.create(project, parse_spec({"slug": slug}, 3))

    cli.services(work)


def levels(findings: list[dict[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in findings:
        found.setdefault(one["subject"], set()).add(one["level"])
    return found


def test_a_healthy_database_has_no_errors(cli: Cli) -> None:
    add_checks(cli)
    findings = cli.json("doctor")
    assert levels(findings) == {
        "configuration": {"ok", "warning"},  # http.base_url is not set
        "ports": {"ok"},
        "DNS": {"ok"},
        "outgoing mail": {"ok"},
        "database": {"ok"},
        "data": {"ok"},
    }
    assert {"2 checks in step with their logs and flips"} <= {one["text"] for one in findings}


def test_each_finding_is_a_line_and_columns_are_aligned(cli: Cli) -> None:
    lines = cli.text("doctor").splitlines()
    assert "ok       ports          http.port is free" in lines
    assert all(line[:9].strip() in {"ok", "warning", "error"} for line in lines)
    assert all(line[23] == " " and line[24] != " " for line in lines)
    assert "\x1b" not in "".join(lines)


def test_the_configuration_is_examined_even_if_it_does_not_load(cli: Cli) -> None:
    result = cli("doctor", HCSERVER_HTTP_PORT="x", HCSERVER_SMTP_PORT="y")
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.startswith("error    configuration  http.port (HCSERVER_HTTP_PORT): 'x' does not fit")
    assert second.startswith("error    configuration  smtp.port (HCSERVER_SMTP_PORT): 'y' does not fit")


def test_an_error_is_the_exit_status_and_can_be_fixed(cli: Cli) -> None:
    add_checks(cli)

    async def drop(services: Services) -> None:
        await services.database["checks"].drop_index("due_1")

    cli.services(drop)
    assert cli("doctor").exit_code == 1
    line = "ok       database       fixed: created the index of checks on (due 1)"
    assert line in cli.text("doctor", "--fix").splitlines()
    assert "error" not in cli.text("doctor")


def test_a_check_behind_its_log_is_brought_in_step(cli: Cli) -> None:
    add_checks(cli)

    async def append(services: Services) -> None:
        (project,) = await services.projects.all()
        (stored, _) = await services.storage.checks.of_project(project.id)
        check = stored.check
        at = services.clock().replace(microsecond=0)
        ping = Ping(check=check.id, n=1, at=at, type="success", scheme="http", remote_addr="192.0.2.1")
        await services.storage.pings.append([ping])

    cli.services(append)
    assert "warning  data" in cli.text("doctor")
    assert "fixed: check" in cli.text("doctor", "--fix")
    assert "warning  data" not in cli.text("doctor")


def test_a_database_that_is_away_is_an_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    async def examine(*_: object) -> Any:
        raise Unavailable("the database is not available, try again")
        yield

    monkeypatch.setattr(command, "examine_database", examine)
    result = cli("doctor")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == (
        "error    database       the database is not available, try again"
    )


def test_a_folder_without_a_database_is_left_without_one(cli: Cli) -> None:
    result = cli("doctor", HCSERVER_MONGODB_URI="")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith(
        "ok       database       there is no embedded database yet"
    )


def test_levels_are_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    monkeypatch.setattr("click.echo", printed.append)
    for finding in (
        ok("data", "so"),
        warning("data", "so"),
        error("data", "so"),
        Finding("ok", "a", "b\x1b"),
    ):
        command._print(finding)
    assert [line[:5] for line in printed] == ["\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[32m"]
    assert printed[-1].endswith("b\\x1b")


def test_progress_is_shown_on_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as progress:
        progress("pings", 1, 2)
    assert capsys.readouterr() == ("", "")
