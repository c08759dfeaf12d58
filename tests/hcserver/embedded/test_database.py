from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pymongo.errors import OperationFailure

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded import database, process
from hcserver.embedded.access import connect_running
from hcserver.embedded.data_directory import DataDirectory, DataDirectoryInUse, Running
from hcserver.embedded.database import EmbeddedDatabase
from hcserver.embedded.process import public_command
from hcserver.errors import ConfigError, HcError
from tests.hcserver.embedded.running import SERVER, await_gone, connected, started
from tests.ports import unused_port


async def test_the_first_start_makes_a_database_that_only_its_password_opens(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    async with started(EmbeddedSettings(path=str(folder))) as uri:
        with connected(uri) as client:
            client.test.things.insert_one({"_id": 1})
            users = [user["_id"] for user in client.admin["system.users"].find()]
        assert len(users) == 1
        port = DataDirectory(str(folder)).running().port  # type: ignore[union-attr]
        with connected(f"mongodb://127.0.0.1:{port}/?directConnection=true") as stranger:
            with pytest.raises(OperationFailure):
                stranger.test.things.find_one()
            with pytest.raises(OperationFailure):
                stranger.admin.command("createUser", "eve", pwd="eve", roles=["root"])
        for path in [folder, *folder.rglob("*")]:
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path
    assert DataDirectory(str(folder)).running() is None


async def test_the_next_start_finds_what_was_stored(settings: EmbeddedSettings) -> None:
    for expected in (None, {"_id": 1}):
        async with started(settings) as uri:
            with connected(uri) as client:
                assert client.test.things.find_one() == expected
                client.test.things.replace_one({"_id": 1}, {}, upsert=True)


async def test_a_second_owner_of_the_folder_is_refused_with_the_id_of_the_first(
    settings: EmbeddedSettings,
) -> None:
    async with started(settings):
        with pytest.raises(
            DataDirectoryInUse, match=rf"process {os.getpid()}\) is using the folder .*embedded\.path"
        ):
            await EmbeddedDatabase(settings).start(wait=0)


async def test_a_database_that_is_killed_comes_back_on_its_port_with_its_data(
    settings: EmbeddedSettings,
) -> None:
    folder = DataDirectory(settings.path)
    async with started(settings) as uri:
        with connected(uri) as client:
            client.test.things.insert_one({"_id": 1})
        before = folder.running()
        assert before is not None
        os.kill(before.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while True:
                after = folder.running()
                if after is not None and after.pid != before.pid and await connect_running(settings):
                    break
                await asyncio.sleep(0.02)
        assert after.port == before.port
        with connected(uri) as client:
            assert client.test.things.find_one() == {"_id": 1}


async def test_a_database_that_comes_up_too_slowly_is_started_again(
    settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataDirectory(settings.path)
    async with started(settings):
        before = folder.running()
        assert before is not None
        monkeypatch.setattr(process, "START_LIMIT", 0.0)
        os.kill(before.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while folder.running() is not None:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)  # the first attempt has come to nothing by then
            monkeypatch.setattr(process, "START_LIMIT", 20.0)
            while await connect_running(settings) is None:
                await asyncio.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="parent_death.py needs prctl(2)")
def test_the_database_ends_when_its_owner_is_killed(settings: EmbeddedSettings) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER, settings.path], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        folder = DataDirectory(settings.path)
        assert folder.running() is not None
        owner.kill()
    await_gone(folder)


async def test_a_server_takes_over_from_one_that_was_killed(settings: EmbeddedSettings) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, settings.path, stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    with connected((await owner.stdout.readline()).decode().strip()) as client:
        client.test.things.insert_one({"_id": 1})
    owner.kill()
    await owner.wait()
    async with started(settings) as uri:
        with connected(uri) as client:
            assert client.test.things.find_one() == {"_id": 1}


async def test_a_database_without_an_owner_is_stopped(
    settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ORPHAN_WAIT", 0.05)
    folder = DataDirectory(settings.path)
    command = public_command(settings, folder, unused_port())
    command = [sys.executable, *command[command.index("-P") :]]  # without parent_death.py
    orphan = await asyncio.create_subprocess_exec(*command)
    port = int(command[command.index("--port") + 1])
    folder.set_running(Running(orphan.pid, port, True))
    async with started(settings) as uri:
        assert f":{port}/" not in uri
    assert orphan.returncode is not None or await orphan.wait() is not None


async def test_a_database_with_another_user_is_not_used(settings: EmbeddedSettings) -> None:
    async with started(settings) as uri:
        with connected(uri) as client:
            client.somewhere.command("createUser", "eve", pwd="eve", roles=[])
    with pytest.raises(HcError, match=r"lets in the users admin\.hcserver, somewhere\.eve, not only"):
        await EmbeddedDatabase(settings).start(wait=0)
    assert DataDirectory(settings.path).database.exists()


async def test_a_database_that_does_not_start_is_an_error_with_its_last_words(
    settings: EmbeddedSettings,
) -> None:
    (Path(settings.path) / "db" / "WiredTiger.turtle").write_bytes(b"nonsense")
    with pytest.raises(HcError, match=r"ended at once \(exit status -?\d+\): .+; see .*embedded\.log"):
        await EmbeddedDatabase(settings).start(wait=0)
    DataDirectory(settings.path).try_lock()


async def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = EmbeddedSettings(path=str(tmp_path / "file"))
    with pytest.raises(ConfigError, match=r"embedded\.path: '.*file' can't be used"):
        await EmbeddedDatabase(settings).start()
    with pytest.raises(ConfigError, match=r"embedded\.path: '.*file' can't be used"):
        await connect_running(settings)


async def test_a_start_that_the_system_prevents_is_an_error_and_releases_the_folder(
    settings: EmbeddedSettings,
) -> None:
    (Path(settings.path) / "embedded.log").mkdir()
    with pytest.raises(HcError, match=r"can't be started: .*Is a directory"):
        await EmbeddedDatabase(settings).start(wait=0)
    DataDirectory(settings.path).try_lock()
