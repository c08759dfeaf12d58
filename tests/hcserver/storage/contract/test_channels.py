from __future__ import annotations

from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from hcserver.domain.channel import Channel
from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later


def a_channel(**fields: Any) -> Channel:
    rest = {"created": NOW, "kind": "email", "target": "a@example.org"}
    return Channel(**{"id": uuid4(), "project": uuid4(), **rest, **fields})


async def test_a_channel_comes_back_as_it_was_stored(storage: Storage) -> None:
    channel = a_channel(name="ops", events=("down",), delay=60, tags="a b", auto_assign=True, error="x")
    await storage.channels.insert(channel)
    assert await storage.channels.get(channel.id) == channel
    assert await storage.channels.get(uuid4()) is None


async def test_channels_of_a_project_come_in_the_order_of_their_creation(storage: Storage) -> None:
    project = uuid4()
    channels = [a_channel(project=project, created=later(seconds)) for seconds in (2, 1, 3)]
    for channel in [*channels, a_channel()]:
        await storage.channels.insert(channel)
    assert await storage.channels.of_project(project) == [channels[1], channels[0], channels[2]]


async def test_a_channel_is_replaced_as_a_whole(storage: Storage) -> None:
    channel = a_channel(error="it bounces")
    await storage.channels.insert(channel)
    changed = replace(channel, target="b@example.org", error=None)
    await storage.channels.replace(changed)
    assert await storage.channels.get(channel.id) == changed


async def test_replacing_a_channel_that_is_gone_creates_none(storage: Storage) -> None:
    channel = a_channel()
    await storage.channels.replace(channel)
    assert await storage.channels.get(channel.id) is None


async def test_channels_are_deleted_one_by_one_or_with_their_project(storage: Storage) -> None:
    project = uuid4()
    channels = [a_channel(project=project) for _ in range(3)]
    another = a_channel()
    for channel in [*channels, another]:
        await storage.channels.insert(channel)
    await storage.channels.delete(channels[0].id)
    assert len(await storage.channels.of_project(project)) == 2
    await storage.channels.delete_of_project(project)
    assert await storage.channels.of_project(project) == []
    assert await storage.channels.get(another.id) == another
