from __future__ import annotations

from pathlib import Path

import pytest

from hcserver.config.loader import load
from hcserver.config.report import Line, describe
from hcserver.config.schema import EmailSettings, MongoSettings, Settings


def test_every_setting_is_reported_once_with_its_default() -> None:
    lines = describe(Settings())
    assert len({line.name for line in lines}) == len(lines)
    assert Line("http.port", 8000, "default") in lines
    assert Line("smtp.domain", ["localhost"], "default") in lines
    assert Line("http.trusted_proxies", ["127.0.0.0/8", "::1/128"], "default") in lines


def test_a_setting_is_reported_with_the_file_or_variable_that_set_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.toml").write_text("[http]\nport = 9000\n")
    lines = describe(load(None, {"HCSERVER_LOG_LEVEL": "debug"}))
    assert [line for line in lines if line.source != "default"] == [
        Line("http.port", 9000, "config.toml"),
        Line("log.level", "debug", "HCSERVER_LOG_LEVEL"),
    ]


def test_secrets_are_masked_in_the_report_and_in_the_representation() -> None:
    uri = "mongodb://u:hunter2@h:1/db"
    settings = Settings(mongodb=MongoSettings(uri=uri), email=EmailSettings(password="hunter2"))
    shown = {line.name: line.value for line in describe(settings)}
    assert (shown["mongodb.uri"], shown["email.password"]) == ("mongodb://****@h:1/db", "****")
    assert "hunter2" not in f"{shown} {settings}"


def test_of_a_command_for_the_shell_the_report_shows_the_program_only() -> None:
    settings = load(None, {"HCSERVER_SHELL_PAGER_COMMAND": "/bin/page --key hunter2"})
    line = Line("shell.pager.command", "/bin/page ****", "HCSERVER_SHELL_PAGER_COMMAND")
    assert describe(settings)[-1] == line
    assert "hunter2" not in repr(settings)
