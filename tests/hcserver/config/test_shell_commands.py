from __future__ import annotations

from pathlib import Path

import pytest

from hcserver.config.loader import load
from hcserver.config.shell_commands import is_name, name_in, program
from hcserver.errors import ConfigError


@pytest.fixture(autouse=True)
def _working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(toml: str, environ: dict[str, str] | None = None) -> list[str]:
    Path("config.toml").write_text(toml)
    with pytest.raises(ConfigError) as caught:
        load(None, environ or {})
    return str(caught.value).splitlines()


def test_commands_are_named_in_the_file_and_in_the_environment_which_comes_first() -> None:
    Path("config.toml").write_text("[shell.pager]\ncommand = 'page \"$NAME\"'\n[shell.log]\ncommand = 'a'\n")
    settings = load(None, {"HCSERVER_SHELL_LOG_COMMAND": "b", "HCSERVER_SHELL_NIGHT_WATCH_COMMAND": "c"})
    assert settings.shell == {"pager": 'page "$NAME"', "log": "b", "night_watch": "c"}
    assert settings.sources["shell.log.command"] == "HCSERVER_SHELL_LOG_COMMAND"


@pytest.mark.parametrize(
    "toml",
    [
        "[shell]\npager = 'page'\n",
        "[shell.Pager]\ncommand = 'page'\n",
        "[shell.'a b']\ncommand = 'page'\n",
        "[shell.pager]\n",
        "[shell.pager]\ncommand = 'page'\nuser = 'nobody'\n",
        "[shell.pager]\ncommand = ' '\n",
        "[shell.pager]\ncommand = ['page', 'hunter2']\n",
        '[shell.pager]\ncommand = "hunter2\\u0000"\n',
    ],
)
def test_a_command_that_does_not_fit_is_refused_and_not_shown(toml: str) -> None:
    (line,) = problems(toml)
    assert "shell." in line
    assert "does not fit: expected" in line
    assert "hunter2" not in line


def test_the_former_setting_for_commands_is_refused_with_what_has_taken_its_place() -> None:
    for line in (
        *problems("[notifications]\nshell = true\n"),
        *problems("", {"HCSERVER_NOTIFICATIONS_SHELL": "true"}),
    ):
        assert line.startswith("notifications.shell (")
        assert "is no setting any more: name each command in a section such as [shell.pager]" in line


def test_names_are_words_that_can_be_part_of_a_variable() -> None:
    assert [name for name in ("a", "a_1", "", "A", "1a", "a-b", "a\n", "a" * 51) if is_name(name)] == [
        "a",
        "a_1",
    ]
    assert name_in("HCSERVER_SHELL_A_1_COMMAND") == "a_1"
    assert name_in("HCSERVER_SHELL__COMMAND") is None
    assert name_in("HCSERVER_SHELL_a_COMMAND") is None


@pytest.mark.parametrize(
    ("command", "shown"), [("page KEY", "page ****"), ("page", "page"), ("KEY=x page", "**** ****")]
)
def test_of_a_command_only_the_program_may_be_shown(command: str, shown: str) -> None:
    assert program(command) == shown
