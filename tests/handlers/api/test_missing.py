"""Web pages from anywhere may use the API."""

from __future__ import annotations

import pytest

from tests.handlers.harness import NOWHERE, Reply, Site

KEY = "0" * 40
METHODS = {
    "checks/": "GET, POST, OPTIONS",
    f"checks/{NOWHERE}": "GET, POST, DELETE, OPTIONS",
    f"checks/{KEY}": "GET, OPTIONS",
    f"checks/{NOWHERE}/pause": "POST, OPTIONS",
    f"checks/{NOWHERE}/resume": "POST, OPTIONS",
    f"checks/{NOWHERE}/pings/": "GET, DELETE, OPTIONS",
    f"checks/{NOWHERE}/pings/1/body": "GET, OPTIONS",
    f"checks/{NOWHERE}/flips/": "GET, OPTIONS",
    f"checks/{KEY}/flips/": "GET, OPTIONS",
    "channels/": "GET, POST, OPTIONS",
    f"channels/{NOWHERE}": "GET, POST, DELETE, OPTIONS",
    f"channels/{NOWHERE}/test": "POST, OPTIONS",
    f"channels/{NOWHERE}/notifications/": "GET, OPTIONS",
    f"checks/{NOWHERE}/notifications/": "GET, OPTIONS",
    f"checks/{NOWHERE}/snooze": "POST, OPTIONS",
    f"checks/{NOWHERE}/classify": "POST, OPTIONS",
    "windows/": "GET, POST, OPTIONS",
    f"windows/{NOWHERE}": "GET, POST, DELETE, OPTIONS",
    "projects/": "GET, POST, OPTIONS",
    f"projects/{NOWHERE}": "GET, POST, DELETE, OPTIONS",
    f"projects/{NOWHERE}/rotate-key": "POST, OPTIONS",
    "badges/": "GET, OPTIONS",
    "status/": "GET, OPTIONS",
}
COLLECTIONS = [path for path in METHODS if path.endswith("/")]


def assert_cors(reply: Reply, methods: str) -> None:
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-headers"] == "X-Api-Key"
    assert reply.headers["access-control-allow-methods"] == methods
    assert reply.headers["access-control-max-age"] == "600"


@pytest.mark.parametrize(("path", "methods"), METHODS.items())
async def test_options_need_no_key(site: Site, path: str, methods: str) -> None:
    for version in (1, 2, 3):
        reply = await site.api("OPTIONS", path, key="", version=version)
        assert (reply.status, reply.body) == (204, b"")
        assert_cors(reply, methods)


@pytest.mark.parametrize(("path", "methods"), METHODS.items())
async def test_every_error_can_be_read_from_anywhere(site: Site, path: str, methods: str) -> None:
    for method in methods.split(", ")[:-1]:
        for reply in (
            await site.api(method, path, key=""),
            await site.api(method, path, key="x" * 32),
            await site.api(method, path),
            await site.api(method, path, raw=b"no json"),
            await site.api("PUT", path),
        ):
            assert_cors(reply, methods)


async def test_success_and_403_and_409_can_be_read_from_anywhere(site: Site) -> None:
    other = await site.beside()
    mine, foreign = (await site.create())["uuid"], (await other.create())["uuid"]
    methods = "GET, POST, DELETE, OPTIONS"
    for check, status in ((mine, 200), (foreign, 403)):
        reply = await site.api("GET", f"checks/{check}")
        assert reply.status == status
        assert_cors(reply, methods)
    reply = await site.api("POST", f"checks/{mine}/resume")
    assert reply.status == 409
    assert_cors(reply, "POST, OPTIONS")
    await other.close()


async def test_head_is_get_without_the_body(site: Site) -> None:
    check = (await site.create())["uuid"]
    get, head = [await site.api(method, f"checks/{check}") for method in ("GET", "HEAD")]
    assert (head.status, head.unchanging_headers) == (get.status, get.unchanging_headers)


async def test_an_http_1_0_client_without_host_is_served(site: Site) -> None:
    connection = await site.connect()
    head = f"GET /api/v1/checks/ HTTP/1.0\r\nX-Api-Key: {site.keys.api_key}\r\n\r\n"
    await connection.send(head.encode())
    assert (await connection.reply()).json == {"checks": []}
    assert await connection.is_closed()
