from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hcserver.cli import main
from tests.hcserver.runner.conftest import PingServer, hcserver_run, ping_server

__all__ = ["ping_server"]


def test_it_imports_nothing_but_the_standard_library_and_click() -> None:
    code = (
        "import sys; before = set(sys.modules); import hcserver.cli.run;"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(tops - sys.stdlib_module_names))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "['click', 'hcserver']\n"


def test_options_behind_the_command_are_its_own(ping_server: PingServer) -> None:
    assert hcserver_run(ping_server.url, "echo", "--url", "-h", "--").stdout == b"--url -h --\n"
    assert hcserver_run(ping_server.url, "--", "echo", "--").stdout == b"--\n"
    assert hcserver_run(ping_server.url, "--", "echo", "\udcff").stdout == b"\xff\n"


def test_the_address_may_come_from_the_environment(ping_server: PingServer, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("this is no TOML")  # settings are the server's
    done = subprocess.run(
        [sys.executable, "-m", "hcserver", "run", "--", "true"],
        env={**os.environ, "HC_PING_URL": ping_server.url, "HCSERVER_HTTP_PORT": "none"},
        cwd=tmp_path,
        timeout=60,
    )
    assert done.returncode == 0
    assert ping_server.signals == ["start", "0"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("true",), "Missing option '--url'"),
        (("--url", "http://h.example/ping/x"), "Missing argument 'COMMAND...'"),
        (("--url", "h.example", "true"), "Invalid value for '--url': expected a ping address"),
        (("--url", "http://h.example/", "--timeout", "0", "true"), "Invalid value for '--timeout'"),
        (("--url", "http://h.example/", "--retry-for", "-1", "true"), "Invalid value for '--retry-for'"),
        (("--url", "http://h.example/", "--colour", "true"), "No such option '--colour'"),
    ],
)
def test_wrong_use_is_said_and_nothing_is_run(arguments: tuple[str, ...], says: str) -> None:
    result = CliRunner().invoke(main, ["run", *arguments], env={"HC_PING_URL": None})
    assert result.exit_code == 2
    assert says in result.stderr
