import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hcserver import __version__
from hcserver.cli import _COMMANDS, main
from hcserver.errors import HcError


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"hcserver, version {__version__}\n"


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_has_a_help_text(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert name in CliRunner().invoke(main, ["--help"]).stdout


def test_the_help_needs_none_of_the_large_packages() -> None:
    code = (
        "import sys; from hcserver.cli import main; main(['--help'], standalone_mode=False);"
        "large = {'rich', 'motor', 'cryptography', 'pymongo', 'tornado', 'bs4', 'asyncio'};"
        "print(sorted(large & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def completions(*words: str) -> list[str]:
    """What click tells bash that the last word may become, a line each."""
    variables = {
        "_HCSERVER_COMPLETE": "bash_complete",
        "COMP_WORDS": "hcserver " + " ".join(words),
        "COMP_CWORD": str(len(words)),
    }
    result = CliRunner().invoke(main, [], prog_name="hcserver", env=variables)
    return result.stdout.splitlines()


def test_shells_complete_commands_options_and_files() -> None:
    assert completions("s") == ["plain,serve", "plain,secrets"]
    assert completions("project", "re") == ["plain,rename"]
    assert completions("run", "--re") == ["plain,--retry-for"]
    assert completions("--config", "x") == ["file,x"]
    assert completions("dump", "x") == ["file,x"]


def test_commands_are_completed_without_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", None)
    assert completions("") == [f"plain,{name}" for name in _COMMANDS]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_script(shell: str) -> None:
    environ = {**os.environ, "_HCSERVER_COMPLETE": f"{shell}_source"}
    command = [Path(sys.executable).with_name("hcserver")]
    script = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert f"_HCSERVER_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n", "/dev/stdin"], input=script, text=True, check=True)


def test_an_hcerror_is_a_line_on_standard_error_without_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @click.command()
    def dump() -> None:
        raise HcError("it is broken")

    monkeypatch.setattr(importlib.import_module("hcserver.cli.data"), "dump", dump)
    result = CliRunner().invoke(main, ["dump"])
    assert (result.exit_code, result.stderr) == (1, "error: it is broken\n")


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(main, ["nonsense"])
    assert result.exit_code == 2
    assert "No such command" in result.stderr
