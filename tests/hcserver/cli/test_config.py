import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hcserver.cli import main


def run(*arguments: str, **environment: str | None) -> Result:
    return CliRunner().invoke(
        main, arguments, env={"HCSERVER_CONFIG": None, **environment}, catch_exceptions=False
    )


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_settings_are_shown_with_their_values_and_sources() -> None:
    Path("other.toml").write_text("[http]\nport = 9000\n")
    result = run("--config", "other.toml", "config", "check", HCSERVER_LOG_LEVEL="debug")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["setting", "value", "from"]
    assert ["http.port", "9000", "other.toml"] in lines
    assert ["log.level", '"debug"', "HCSERVER_LOG_LEVEL"] in lines
    assert ["http.trusted_proxies", '["127.0.0.0/8","::1/128"]', "default"] in lines


def test_the_settings_are_shown_as_json_with_secrets_masked() -> None:
    result = run("config", "check", "--json", HCSERVER_MONGODB_URI="mongodb://me:hidden@db/")
    assert "hidden" not in result.stdout
    assert json.loads(result.stdout)["mongodb.uri"] == {
        "value": "mongodb://****@db/",
        "source": "HCSERVER_MONGODB_URI",
    }


def test_every_problem_is_an_error_line_and_the_exit_status_is_2() -> None:
    result = run("config", "check", HCSERVER_HTTP_PORT="x", HCSERVER_SMTP_PORT="y")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert [line[:18] for line in result.stderr.splitlines()] == ["error: http.port (", "error: smtp.port ("]


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    result = run("config", "check", HCSERVER_EMBEDDED_PATH="[red]x[/]")
    assert '"[red]x[/]"' in result.stdout
