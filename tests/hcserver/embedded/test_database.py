import asyncio
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded import database
from hcserver.embedded.data_directory import LOG_BYTES, DataDirectory, DataDirectoryInUse, Running
from hcserver.embedded.database import EmbeddedDatabase, connect_running, running_or_own
from hcserver.errors import ConfigError, HcError

SERVER = """
import asyncio, sys
from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.database import EmbeddedDatabase

async def serve():
    print(await EmbeddedDatabase(EmbeddedSettings(path=sys.argv[1])).start(), flush=True)
    await asyncio.sleep(600)

asyncio.run(serve())
"""


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database on which nothing runs; copies of it spare the first start."""
    folder = tmp_path_factory.mktemp("embedded") / "data"
    subprocess.run(
        [sys.executable, "-c", SERVER.replace("await asyncio.sleep(600)", "pass"), folder],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    _await_gone(DataDirectory(str(folder)))
    return folder


@pytest.fixture
def settings(provisioned: Path, tmp_path: Path) -> EmbeddedSettings:
    shutil.copytree(provisioned, tmp_path / "data", ignore=shutil.ignore_patterns("embedded.log"))
    return EmbeddedSettings(path=str(tmp_path / "data"))


@asynccontextmanager
async def started(settings: EmbeddedSettings, **options: Any) -> AsyncIterator[str]:
    database = EmbeddedDatabase(settings, **options)
    uri = await database.start(wait=0)
    try:
        yield uri
    finally:
        await database.stop()


@contextlib.contextmanager
def connected(uri: str) -> Iterator[Any]:
    with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=10_000) as client:
        yield client


def _await_gone(folder: DataDirectory) -> None:
    """Block until no database runs on the folder; fails after ten seconds."""
    found = folder.running()
    if found is not None:
        subprocess.run(["tail", f"--pid={found.pid}", "-f", "/dev/null"], timeout=10, check=True)


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


async def test_a_second_owner_of_the_folder_is_refused_and_told_about_the_first(
    settings: EmbeddedSettings,
) -> None:
    async with started(settings):
        with pytest.raises(
            DataDirectoryInUse, match=rf"process {os.getpid()}\) is using the folder .*embedded\.path"
        ):
            await EmbeddedDatabase(settings).start(wait=0)


async def test_a_command_uses_the_running_database(settings: EmbeddedSettings) -> None:
    assert await connect_running(settings) is None
    async with started(settings) as uri:
        assert await connect_running(settings) == uri
        async with running_or_own(settings) as found:
            assert found == uri
    assert await connect_running(settings) is None


async def test_commands_without_a_server_take_turns(settings: EmbeddedSettings) -> None:
    async def command(number: int) -> None:
        async with running_or_own(settings) as uri:
            with connected(uri) as client:
                await asyncio.to_thread(client.test.things.insert_one, {"_id": number})

    await asyncio.gather(command(1), command(2))
    async with started(settings) as uri:
        with connected(uri) as client:
            assert client.test.things.count_documents({}) == 2


async def test_processes_that_find_a_new_folder_at_once_take_turns(tmp_path: Path) -> None:
    command = (
        "from hcserver.embedded.database import running_or_own as own; from hcserver.config.schema import *;"
    )
    command += "import asyncio, sys; settings = EmbeddedSettings(path=sys.argv[1]);"
    command += "asyncio.run(own(settings, wait=60).__aenter__())"
    commands = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", command, str(tmp_path / "data"))
        for _ in range(3)
    ]
    assert [await process.wait() for process in commands] == [0, 0, 0]


async def test_the_database_of_a_command_is_for_itself(settings: EmbeddedSettings) -> None:
    async with started(settings, shared=False):
        assert await connect_running(settings) is None
        with pytest.raises(DataDirectoryInUse):
            async with running_or_own(settings, wait=0):
                pass


async def test_a_stale_state_file_does_not_mislead(settings: EmbeddedSettings) -> None:
    DataDirectory(settings.path).set_running(Running(os.getpid(), 1, True))
    assert await connect_running(settings) is None
    async with started(settings):
        pass


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
        monkeypatch.setattr(database, "START_LIMIT", 0.0)
        os.kill(before.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while folder.running() is not None:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)  # the first attempt has come to nothing by then
            monkeypatch.setattr(database, "START_LIMIT", 20.0)
            while await connect_running(settings) is None:
                await asyncio.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="the tether is prctl(2)")
def test_the_database_ends_when_its_owner_is_killed(settings: EmbeddedSettings) -> None:
    with subprocess.Popen([sys.executable, "-c", SERVER, settings.path], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        folder = DataDirectory(settings.path)
        assert folder.running() is not None
        owner.kill()
    _await_gone(folder)


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


async def test_a_database_left_behind_is_stopped(
    settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ORPHAN_WAIT", 0.05)
    folder = DataDirectory(settings.path)
    command = database._command(settings, folder.config, folder.database, database._free_port(), auth=True)
    command = [sys.executable, *command[command.index("-P") :]]  # without the tether
    orphan = await asyncio.create_subprocess_exec(*command)
    port = int(command[command.index("--port") + 1])
    folder.set_running(Running(orphan.pid, port, True))
    async with started(settings) as uri:
        assert f":{port}/" not in uri
    assert orphan.returncode is not None or await orphan.wait() is not None


async def test_a_database_with_an_uninvited_user_is_not_used(settings: EmbeddedSettings) -> None:
    async with started(settings) as uri:
        with connected(uri) as client:
            client.somewhere.command("createUser", "eve", pwd="eve", roles=[])
    with pytest.raises(HcError, match=r"lets in admin\.hcserver, somewhere\.eve, not only us"):
        await EmbeddedDatabase(settings).start(wait=0)
    assert DataDirectory(settings.path).database.exists()


async def test_a_new_database_with_an_uninvited_user_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_user = database._create_user

    def intrude(port: int, credentials: Any) -> None:
        create_user(port, credentials)
        with connected(f"mongodb://127.0.0.1:{port}/?directConnection=true") as eve:
            eve.admin.command("createUser", "eve", pwd="eve", roles=["root"])

    monkeypatch.setattr(database, "_create_user", intrude)
    settings = EmbeddedSettings(path=str(tmp_path / "data"))
    with pytest.raises(
        HcError, match=r"let in admin\.eve, admin\.hcserver, not only us: it was removed again"
    ):
        await EmbeddedDatabase(settings).start(wait=0)
    monkeypatch.undo()
    async with started(settings):
        pass


async def test_a_database_whose_password_is_lost_is_left_alone(settings: EmbeddedSettings) -> None:
    (Path(settings.path) / "credentials.json").write_text("{")
    with pytest.raises(HcError, match=r"credentials\.json is missing or damaged"):
        await EmbeddedDatabase(settings).start(wait=0)
    assert DataDirectory(settings.path).database.exists()


async def test_a_database_that_does_not_start_is_told_with_its_last_words(settings: EmbeddedSettings) -> None:
    (Path(settings.path) / "db" / "WiredTiger.turtle").write_bytes(b"nonsense")
    with pytest.raises(HcError, match=r"ended at once \(exit status -?\d+\): .+; see .*embedded\.log"):
        await EmbeddedDatabase(settings).start(wait=0)
    DataDirectory(settings.path).try_lock()


async def test_without_secantusdb_it_is_told_how_to_get_it(
    settings: EmbeddedSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install SecantusDB, or set mongodb\.uri"):
        await EmbeddedDatabase(settings).start()


async def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = EmbeddedSettings(path=str(tmp_path / "file"))
    with pytest.raises(ConfigError, match=r"embedded\.path: '.*file' can't be used"):
        await EmbeddedDatabase(settings).start()
    with pytest.raises(ConfigError, match=r"embedded\.path: '.*file' can't be used"):
        await connect_running(settings)


async def test_a_start_that_the_system_prevents_is_an_error_of_ours_and_frees_the_folder(
    settings: EmbeddedSettings,
) -> None:
    (Path(settings.path) / "embedded.log").mkdir()
    with pytest.raises(HcError, match=r"can't be started: .*Is a directory"):
        await EmbeddedDatabase(settings).start(wait=0)
    DataDirectory(settings.path).try_lock()


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    folder = DataDirectory(str(tmp_path))
    folder.log.write_bytes(b"x" * (LOG_BYTES + 1))
    os.close(folder.open_log())
    assert folder.log.stat().st_size == 0
    assert (tmp_path / "embedded.log.1").stat().st_size == LOG_BYTES + 1
