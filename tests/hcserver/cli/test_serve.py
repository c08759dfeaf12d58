from __future__ import annotations

import socket

import pytest

from tests.hcserver.cli.conftest import Cli

pytestmark = pytest.mark.usefixtures("own_logging")


def test_a_wrong_setting_stops_the_start_with_a_line_and_status_2(cli: Cli) -> None:
    result = cli("serve", HCSERVER_SMTP_PORT="x", HCSERVER_HTTP_COLOR="red")
    assert (result.exit_code, result.stdout) == (2, "")
    unknown, wrong = result.stderr.splitlines()
    assert unknown.startswith("error: unknown environment variable HCSERVER_HTTP_COLOR: ")
    assert wrong.startswith("error: smtp.port (HCSERVER_SMTP_PORT): 'x' does not fit: expected a port")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Tornado's bind_sockets
def test_a_taken_port_stops_the_start_with_a_line_and_status_2(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = cli("serve", HCSERVER_HTTP_HOST="127.0.0.1", HCSERVER_HTTP_PORT=port, HCSERVER_SMTP_PORT="0")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith(
        f"error: http.host, http.port: can't listen on 127.0.0.1:{port} ("
    )
    assert "Traceback" not in result.stderr


def test_a_configuration_file_that_is_missing_stops_the_start(cli: Cli) -> None:
    result = cli("--config", "nowhere.toml", "serve")
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: the configuration file nowhere.toml can't be read")


def test_arguments_are_a_usage_error(cli: Cli) -> None:
    result = cli("serve", "now")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "unexpected extra argument" in result.stderr
