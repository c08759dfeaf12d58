from __future__ import annotations

import os
import subprocess

import pytest

from hcserver.runner.environment import inherited_environment
from tests.hcserver.runner.conftest import HCSERVER_RUN, PingServer, hcserver_run


def printed(url: str, **environment: str) -> bytes:
    return hcserver_run(url, "--", "env", env={"PATH": os.environ["PATH"], **environment}).stdout


@pytest.mark.parametrize("locale", [{}, {"LANG": "C"}, {"LC_CTYPE": "C"}, {"LC_CTYPE": "C.UTF-8"}])
def test_the_command_has_the_locale_that_we_were_started_with(
    ping_server: PingServer, locale: dict[str, str]
) -> None:
    lines = printed(ping_server.url, **locale).decode().splitlines()
    assert {line for line in lines if line.startswith("L")} == {
        f"{key}={value}" for key, value in locale.items()
    }


def test_bytes_that_are_no_text_are_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environb, b"ODD", b"\xff")
    assert inherited_environment()[b"ODD"] == b"\xff"


def test_where_the_original_environment_is_unknown_the_present_one_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_CTYPE", "C.UTF-8")
    monkeypatch.setattr("hcserver.runner.environment._original_environment", lambda: None)
    assert inherited_environment()[b"LC_CTYPE"] == b"C.UTF-8"


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_streams_do_no_harm(ping_server: PingServer, closed: str) -> None:
    script = f'exec "$@" {closed}'
    run = [*HCSERVER_RUN, "--url", ping_server.url, "--", "sh", "-c", "echo words"]
    done = subprocess.run(["sh", "-c", script, "sh", *run], capture_output=True, timeout=60)
    assert done.returncode == 0
    assert ping_server.signals == ["start", "0"]
    assert ping_server.pings[1].body == b"words\n"


def test_what_was_set_in_this_process_is_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    original = {b"LC_CTYPE": b"C", b"HOME": b"/elsewhere"}
    monkeypatch.setenv("LC_CTYPE", "C.UTF-8")
    monkeypatch.setattr("hcserver.runner.environment._original_environment", lambda: original)
    assert inherited_environment()[b"LC_CTYPE"] == b"C"
    assert inherited_environment()[b"HOME"] == os.environb[b"HOME"]
    del original[b"LC_CTYPE"]
    assert b"LC_CTYPE" not in inherited_environment()
