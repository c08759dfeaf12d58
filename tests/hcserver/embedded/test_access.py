from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.access import connect_running, running_or_own
from hcserver.embedded.data_directory import DataDirectory, DataDirectoryInUse, Running
from hcserver.errors import ConfigError
from tests.hcserver.embedded.running import connected, started


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


async def test_processes_that_start_on_a_new_folder_together_take_turns(tmp_path: Path) -> None:
    command = (
        "from hcserver.embedded.access import running_or_own as own; from hcserver.config.schema import *;"
    )
    command += "import asyncio, sys; settings = EmbeddedSettings(path=sys.argv[1]);"
    command += "asyncio.run(own(settings, wait=60).__aenter__())"
    commands = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", command, str(tmp_path / "data"))
        for _ in range(3)
    ]
    assert [await process.wait() for process in commands] == [0, 0, 0]


async def test_other_commands_cannot_use_the_database_of_a_command(settings: EmbeddedSettings) -> None:
    async with started(settings, shared=False):
        assert await connect_running(settings) is None
        with pytest.raises(DataDirectoryInUse):
            async with running_or_own(settings, wait=0):
                pass


async def test_a_record_of_a_process_that_is_no_database_is_ignored(settings: EmbeddedSettings) -> None:
    DataDirectory(settings.path).set_running(Running(os.getpid(), 1, True))
    assert await connect_running(settings) is None
    async with started(settings):
        pass


async def test_a_folder_that_others_can_write_to_is_not_used(settings: EmbeddedSettings) -> None:
    os.chmod(settings.path, 0o770)
    with pytest.raises(ConfigError, match="other users can write to"):
        await connect_running(settings)
