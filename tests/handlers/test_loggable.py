"""What the log shows of paths, and that no secret of theirs is in it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from handlers.loggable import loggable_path
from hcserver.config.schema import HttpSettings
from tests.handlers.apps import Seen, connect, make_front
from tests.handlers.harness import NOWHERE, chunked, listening, request_bytes

KEY = "pk0123456789abcdefghij"


@pytest.mark.parametrize(
    ("target", "logged"),
    [
        (f"/ping/{NOWHERE}/start?rid={NOWHERE}", "/ping/6837…/start"),
        (f"/ping/{KEY}/nightly/fail", "/ping/pk01…/nightly/fail"),
        ("/%70ing/%70k0123456789abcdefghij/nightly", "/ping/pk01…/nightly"),
        (f"/api/v3/checks/{NOWHERE}/pings/", "/api/v3/checks/6837d6ec…/pings/"),
        (f"/badge/{KEY}/abcdefgh-2/prod.svg", "/badge/pk01…/abcdefgh-2/prod.svg"),
        (f"/setup/{KEY}", "/setup/pk01…"),
        (f"/wall/{KEY}", "/wall/pk01…"),
        (f"/projects/{NOWHERE}/metrics/{KEY}", "/projects/6837d6ec…/metrics/pk01…"),
        ("/api/v3/checks/?api_key=secret", "/api/v3/checks/"),
        ("/" + "x" * 300, "/" + "x" * 199),
    ],
)
def test_the_log_shows_the_beginning_of_what_is_secret_in_a_path(target: str, logged: str) -> None:
    assert loggable_path(target) == logged


async def test_no_log_line_about_a_request_has_a_key_in_it(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(seen: Seen) -> tuple[int, bytes]:
        if seen.method == "PUT":
            await asyncio.Event().wait()
        if seen.method == "DELETE":
            raise ValueError
        return 200, b""

    http = HttpSettings(access_log=True, body_timeout=0.05)
    with caplog.at_level(logging.DEBUG):
        async with listening(make_front(fail, http=http, deadline=0.05), http) as port:
            for secret in (KEY, str(NOWHERE)):
                for path in (
                    f"/ping/{secret}/x?rid={NOWHERE}",
                    f"/badge/{secret}/x",
                    f"/wall/{secret}",
                    f"/setup/{secret}",
                    f"/a/{NOWHERE}?k={KEY}",
                ):
                    for data in (
                        request_bytes("GET", path),
                        request_bytes("GET", f"http://x{path}"),
                        request_bytes("PUT", path),
                        request_bytes("DELETE", path),
                        request_bytes("POST", path, body=b"xx")[:-1],
                        request_bytes("POST", path, {"Transfer-Encoding": "chunked"})
                        + chunked(b"x")[:-3]
                        + b"z",
                        request_bytes("GET", path).replace(b"Host", b"Hos"),
                        request_bytes("GET", path).replace(b"HTTP/1.1", b"HTTP/9"),
                    ):
                        connection = await connect(port)
                        await connection.send(data)
                        await connection.reader.read(1)
                        await connection.close()
    text = caplog.text
    caplog.clear()
    assert text.count("hcserver.access") > 20
    for expected in ("took too long", "stopped coming", "failed"):
        assert expected in text
    assert KEY[5:] not in text
    assert str(NOWHERE)[9:] not in text
