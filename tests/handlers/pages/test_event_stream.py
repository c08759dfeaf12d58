from __future__ import annotations

import pytest

from handlers.pages.live import LiveChecks
from handlers.pages.live_check import LiveCheck
from handlers.pages.live_deliveries import LiveChannel, LiveChannels
from handlers.pages.live_home import LiveHome
from tests.handlers.harness import Site, request_bytes
from tests.handlers.pages.visitor import Visitor


@pytest.mark.parametrize("stream", [LiveChecks, LiveCheck, LiveChannel, LiveChannels, LiveHome])
def test_a_stop_of_the_server_waits_for_no_stream(stream: type[LiveChecks]) -> None:
    assert stream.endless


async def test_proxies_pass_events_on_at_once_and_each_has_an_object(site: Site, editor: Visitor) -> None:
    connection = await site.connect()
    await connection.send(request_bytes("GET", f"{editor.path}channels/live", editor.headers))
    head = await connection.reader.readuntil(b"\r\n\r\n")
    assert b"X-Accel-Buffering: no" in head
    assert b"Content-Type: text/event-stream" in head
    assert b"event: hello\ndata: {}\n\n" in await connection.reader.readuntil(b"\n\n")
    await connection.close()
    site.connections.remove(connection)


async def test_a_head_request_ends(editor: Visitor) -> None:
    reply = await editor.site.request("HEAD", f"{editor.path}channels/live", editor.headers)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
