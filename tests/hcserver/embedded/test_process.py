from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded import process
from hcserver.embedded.data_directory import DataDirectory
from hcserver.embedded.process import (
    DatabaseProcess,
    nudge,
    on_port,
    on_socket,
    private_command,
    public_command,
    require_installed,
)
from hcserver.errors import ConfigError, HcError
from tests.ports import unused_port

LISTENER = (
    "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"
)


@pytest.fixture
def folder(tmp_path: Path) -> DataDirectory:
    return DataDirectory(str(tmp_path))


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-c", *arguments]


async def test_a_process_is_ready_when_it_listens_and_ends_when_it_is_stopped(folder: DataDirectory) -> None:
    port = unused_port()
    running = await DatabaseProcess.spawn(folder, python(LISTENER, str(port)), on_port(port))
    await running.until_listening()
    assert await nudge(on_port(port))
    await running.stop()
    assert not await nudge(on_port(port))
    assert await running.wait() == -15


async def test_a_process_that_ends_at_once_is_an_error_with_its_last_words(folder: DataDirectory) -> None:
    ending = await DatabaseProcess.spawn(folder, python("import sys; sys.exit('no room')"), on_port(1))
    with pytest.raises(HcError, match=r"ended at once \(exit status 1\): no room; see .*embedded\.log"):
        await ending.until_listening()


async def test_a_process_that_never_listens_is_ended(
    folder: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "START_LIMIT", 0.2)
    silent = await DatabaseProcess.spawn(
        folder, python("import time; time.sleep(60)"), on_port(unused_port())
    )
    with pytest.raises(HcError, match=r"did not start within 0\.2 s"):
        await silent.until_listening()
    assert await silent.wait() == -15


async def test_a_process_that_ignores_signals_is_killed(
    folder: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_LIMIT", 0.3)
    port = unused_port()
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LISTENER}"
    deaf = await DatabaseProcess.spawn(folder, python(code, str(port)), on_port(port))
    await deaf.until_listening()
    before = time.monotonic()
    await deaf.stop()
    assert time.monotonic() - before < 8
    assert await deaf.wait() == -9


async def test_the_environment_of_the_database_has_none_of_our_secrets(
    folder: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HCSERVER_EMAIL_PASSWORD", "hunter2")
    monkeypatch.setenv("TZ", "UTC")
    shows = await DatabaseProcess.spawn(folder, python("import os; print(sorted(os.environ))"), on_port(1))
    await shows.wait()
    assert "'TZ'" in folder.last_words()
    assert "HCSERVER" not in folder.last_words()


async def test_a_socket_on_which_nobody_listens_is_not_an_error(tmp_path: Path) -> None:
    assert not await nudge(on_socket(tmp_path / "missing.sock"))
    server = await asyncio.start_unix_server(lambda _, writer: writer.close(), tmp_path / "s")
    async with server:
        assert await nudge(on_socket(tmp_path / "s"))


def test_the_database_on_a_port_asks_for_a_password_and_the_other_one_has_no_port(
    folder: DataDirectory,
) -> None:
    settings = EmbeddedSettings(cache_size="64M")
    public = public_command(settings, folder, 1234)
    private = private_command(settings, folder, folder.path / "db.new", Path("/s/db.sock"))
    assert {"--auth", "--port", "--sync-on-commit", "64M", str(folder.database)} <= set(public)
    assert {"/s/db.sock", "--sync-on-commit", str(folder.path / "db.new")} <= set(private)
    assert not {"--auth", "--port"} & set(private)


def test_without_secantusdb_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install SecantusDB, or set mongodb\.uri"):
        require_installed()
