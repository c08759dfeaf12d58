from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from handlers.pages import live
from hcserver.domain.identifiers import unique_key
from tests.handlers.harness import PATIENCE, Connection, Site, request_bytes
from tests.handlers.pages.visitor import Visitor, make_check, visitor


class Events:
    """Reads server-sent events from a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.greeting: Any = None  # the data of the first event

    async def next(self, *names: str) -> Any:
        """The data of the next event that has one of the names."""
        async with asyncio.timeout(PATIENCE):
            while True:
                chunk = await self._connection.reader.readuntil(b"\n\n")
                event, data = (line.partition(b": ")[2] for line in chunk.strip().split(b"\n")[-2:])
                if event.decode() in names:
                    return json.loads(data) if data else None

    async def ends(self) -> bool:
        """Whether the stream comes to its end without another change."""
        async with asyncio.timeout(PATIENCE):
            rest = await self._connection.reader.readuntil(b"0\r\n\r\n")
        return b"event: checks" not in rest


@asynccontextmanager
async def listening(site: Site, who: Visitor, path: str) -> AsyncIterator[Events]:
    if not site.connections:
        await site.connect()  # for other requests
    connection = await site.connect()
    await connection.send(request_bytes("GET", path, who.headers))
    head = await connection.reader.readuntil(b"\r\n\r\n")
    assert b"200 OK" in head and b"text/event-stream" in head
    events = Events(connection)
    events.greeting = await events.next("hello")
    try:
        yield events
    finally:
        await connection.close()


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PERIOD", 0.02)


async def test_a_ping_brings_its_row_and_the_new_heading(site: Site, editor: Visitor) -> None:
    check, _ = await make_check(site, name="one"), await make_check(site, name="two")
    async with listening(site, editor, f"{editor.path}live") as events:
        await asyncio.sleep(0.1)
        await site.ping(str(check.id), "/fail")
        data = await events.next("checks")
    assert list(data["rows"]) == [unique_key(check.id)]
    assert 'data-state="down"' in data["rows"][unique_key(check.id)]
    assert "1 check is down" in data["head"]
    assert data["gone"] == []


async def test_a_page_learns_of_what_changed_before_it_listened(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    seen = (await editor.page(editor.path)).select_one("#head")["data-seen"]
    async with listening(site, editor, f"{editor.path}live") as events:
        assert events.greeting == {"seen": seen}
    await site.ping(str(check.id))
    async with listening(site, editor, f"{editor.path}live") as events:
        assert events.greeting["seen"] != seen
    seen = (await editor.page(editor.path)).select_one("#head")["data-seen"]
    async with listening(site, editor, f"{editor.path}live") as events:
        assert events.greeting == {"seen": seen}


async def test_time_passing_brings_the_row_too(site: Site, editor: Visitor) -> None:
    check = await make_check(site)
    await site.ping(str(check.id))
    async with listening(site, editor, f"{editor.path}live") as events:
        site.clock.advance(3601)
        data = await events.next("checks", "reload")
    # A jump of the clock may look like an absence of the server: then the whole list is asked for instead.
    assert not data or 'data-state="late"' in data["rows"][unique_key(check.id)]


async def test_a_deleted_check_is_gone_and_a_viewer_gets_no_boxes(site: Site, viewer: Visitor) -> None:
    gone, stays = await make_check(site, name="gone"), await make_check(site, name="stays")
    async with listening(site, viewer, f"{viewer.path}live") as events:
        await asyncio.sleep(0.1)
        await site.api("DELETE", f"checks/{gone.id}")
        data = await events.next("checks")
        while unique_key(gone.id) not in data["gone"]:
            data = await events.next("checks")
        await site.ping(str(stays.id))
        data = await events.next("checks")
    assert "checkbox" not in data["rows"][unique_key(stays.id)]


async def test_an_idle_stream_has_a_heartbeat(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.1)
    async with listening(site, editor, f"{editor.path}live") as events:
        await events.next("beat")


async def test_many_changes_at_once_ask_for_the_whole_list(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "ROWS", 1)
    checks = [await make_check(site, name=f"{n}") for n in range(2)]
    async with listening(site, editor, f"{editor.path}live") as events:
        await asyncio.sleep(0.1)
        await asyncio.gather(*(site.services.check_editor.pause(site.project, one.id) for one in checks))
        await events.next("reload", "checks")


async def test_the_stream_ends_with_the_session(site: Site, editor: Visitor) -> None:
    async with listening(site, editor, f"{editor.path}live") as events:
        await site.services.accounts.sign_out(editor.token)
        assert await events.ends()


async def test_the_stream_ends_with_the_membership(site: Site, editor: Visitor) -> None:
    assert editor.user is not None
    async with listening(site, editor, f"{editor.path}live") as events:
        await site.services.accounts.members.remove(site.project, editor.user)
        assert await events.ends()


async def test_an_editor_who_becomes_a_viewer_gets_no_boxes(site: Site, editor: Visitor) -> None:
    assert editor.user is not None
    check = await make_check(site)
    async with listening(site, editor, f"{editor.path}live") as events:
        await asyncio.sleep(0.1)
        await site.services.accounts.members.change(site.project, editor.user, "viewer")
        await asyncio.sleep(0.1)
        await site.ping(str(check.id))
        data = await events.next("checks")
    assert "checkbox" not in data["rows"][unique_key(check.id)]


async def test_strangers_get_no_stream(site: Site, anonymous: Visitor) -> None:
    assert (await anonymous.get(f"{anonymous.path}live")).status == 303
    assert (await anonymous.get(f"{anonymous.path}live", Accept="text/event-stream")).status == 401
    assert (await (await visitor(site, None)).get(f"{anonymous.path}live")).status == 404
