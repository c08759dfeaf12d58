from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.errors import Unavailable
from hcserver.storage.channels import ChannelStore, Encrypted
from hcserver.storage.key_file import KeyFile, KeyFileError
from tests.hcserver.storage.contract.test_channels import a_channel

SECRET = "https://example.org/hook?token=hunter2"


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "secrets.key")


@pytest.fixture
def channels(database: Any, keys: KeyFile) -> ChannelStore:
    return ChannelStore(database, keys)


@pytest.fixture
def stranger(database: Any, tmp_path: Path) -> ChannelStore:
    """The store of a process with another key file."""
    return ChannelStore(database, KeyFile(tmp_path / "other.key"))


def a_hook(**fields: Any) -> Channel:
    return a_channel(kind="webhook", target=SECRET, **fields)


async def stored_target(database: Any, id: UUID) -> Any:
    return (await database["channels"].find_one({"_id": id}))["target"]


async def put_in_clear(database: Any, channel: Channel, target: str = SECRET) -> None:
    """As an older version has stored it."""
    await database["channels"].update_one({"_id": channel.id}, {"$set": {"target": target}})


async def test_the_database_never_has_the_target_in_clear(channels: ChannelStore, database: Any) -> None:
    channel = a_hook()
    await channels.insert(channel)
    assert "hunter2" not in repr(await database["channels"].find_one({}))
    await channels.replace(replace(channel, name="x"))
    assert "hunter2" not in repr(await database["channels"].find_one({}))
    assert await channels.get(channel.id) == replace(channel, name="x")


async def test_a_group_is_stored_as_it_is_because_it_has_no_secret(
    channels: ChannelStore, stranger: ChannelStore, database: Any, keys: KeyFile
) -> None:
    group = a_channel(kind="group", target=str(uuid4()))
    await channels.insert(group)
    assert await stored_target(database, group.id) == group.target
    assert await stranger.get(group.id) == group
    assert await channels.encrypt_all() == Encrypted(0, 0)
    assert not keys.path.exists()


async def test_targets_in_clear_are_read_and_encrypted_at_the_next_write(
    channels: ChannelStore, database: Any
) -> None:
    channel = a_hook()
    await channels.insert(channel)
    await put_in_clear(database, channel)
    assert await channels.get(channel.id) == channel
    assert await channels.of_project(channel.project) == [channel]
    await channels.replace(channel)
    assert isinstance(await stored_target(database, channel.id), dict)


async def test_all_targets_in_clear_are_encrypted_once(channels: ChannelStore, database: Any) -> None:
    clear, encrypted = a_hook(), a_hook()
    await channels.insert(clear)
    await channels.insert(encrypted)
    await put_in_clear(database, clear)
    before = await stored_target(database, encrypted.id)
    assert await channels.encrypt_all() == Encrypted(1, 0)
    assert isinstance(await stored_target(database, clear.id), dict)
    assert await stored_target(database, encrypted.id) == before
    assert await channels.encrypt_all() == Encrypted(0, 0)
    assert await channels.get(clear.id) == clear


async def test_after_a_rotation_all_targets_are_encrypted_with_the_new_key(
    channels: ChannelStore, database: Any, keys: KeyFile
) -> None:
    made = [a_hook() for _ in range(3)]
    for channel in made:
        await channels.insert(channel)
    new = keys.rotate()
    assert await channels.get(made[0].id) == made[0]
    assert await channels.encrypt_all() == Encrypted(3, 0)
    for channel in made:
        assert (await stored_target(database, channel.id))["key"] == new.id
        assert await channels.get(channel.id) == channel


@pytest.mark.parametrize("in_clear", [True, False])
async def test_a_channel_that_changes_while_all_are_encrypted_keeps_the_change(
    channels: ChannelStore, database: Any, keys: KeyFile, in_clear: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = a_hook()
    await channels.insert(channel)
    if in_clear:
        await put_in_clear(database, channel)
    keys.rotate()
    collection = channels._channels

    class Racing:
        """The collection, in which somebody changes the channel just before it is written."""

        def __getattr__(self, name: str) -> Any:
            return getattr(collection, name)

        async def update_one(self, *arguments: Any) -> None:
            channels._channels = collection
            await channels.replace(replace(channel, target="https://example.org/new"))
            await collection.update_one(*arguments)

    monkeypatch.setattr(channels, "_channels", Racing())
    await channels.encrypt_all()
    found = await channels.get(channel.id)
    assert found is not None
    assert found.target == "https://example.org/new"


async def test_a_process_without_the_key_reads_the_rest_of_the_channel_and_says_why(
    channels: ChannelStore, stranger: ChannelStore, keys: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    channel, readable = a_hook(name="ops", error="off"), a_hook()
    readable = replace(readable, project=channel.project)
    await channels.insert(channel)
    await stranger.insert(readable)
    for _ in range(3):
        found = {one.id: one for one in await stranger.of_project(channel.project)}
    assert found[readable.id] == readable
    broken = found[channel.id]
    assert (broken.name, broken.target, broken.error) == ("ops", "", "off")
    assert f"the key file has no key {keys.current().id}" in str(broken.unreadable)
    assert caplog.text.count(f"channel {channel.id} can't be used by this process") == 1
    assert str(readable.id) not in caplog.text


async def test_a_change_by_a_process_without_the_key_keeps_the_target(
    channels: ChannelStore, stranger: ChannelStore
) -> None:
    channel = a_hook(error="off")
    await channels.insert(channel)
    broken = await stranger.get(channel.id)
    assert broken is not None
    await stranger.replace(replace(broken, name="new", error=None))
    assert await channels.get(channel.id) == replace(channel, name="new", error=None)
    await stranger.replace(replace(broken, error="again"))
    assert await channels.get(channel.id) == replace(channel, error="again")
    await stranger.replace(replace(broken, target="https://example.org/", unreadable=None))
    assert await stranger.get(channel.id) == replace(channel, target="https://example.org/")


async def test_what_can_not_be_decrypted_is_left_as_it_is(
    channels: ChannelStore, stranger: ChannelStore, database: Any
) -> None:
    channel = a_hook()
    await channels.insert(channel)
    before = await stored_target(database, channel.id)
    assert await stranger.encrypt_all() == Encrypted(0, 1)
    assert await stored_target(database, channel.id) == before
    assert await channels.get(channel.id) == channel


async def test_nothing_is_stored_in_clear_when_the_key_file_can_not_be_used(
    channels: ChannelStore, database: Any, keys: KeyFile
) -> None:
    channel = a_hook()
    await channels.insert(channel)
    keys.path.write_text("damaged")
    with pytest.raises(Unavailable, match=r"channels can't be stored: the key file .* is damaged"):
        await channels.insert(a_hook())
    with pytest.raises(Unavailable, match="channels can't be stored"):
        await channels.replace(replace(channel, name="x"))
    with pytest.raises(KeyFileError):
        await channels.encrypt_all()
    assert await database["channels"].count_documents({}) == 1
