import importlib
import subprocess
import sys

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
