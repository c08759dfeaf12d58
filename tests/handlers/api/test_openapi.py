"""openapi.json"""

from __future__ import annotations

from handlers.api.openapi_document import openapi_document
from handlers.api.routes import ROUTES
from tests.handlers.harness import BASE, Site


async def test_everyone_can_read_it_from_any_page(site: Site) -> None:
    reply = await site.api("GET", "openapi.json", key="", headers={"Origin": "https://elsewhere.example"})
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["access-control-allow-origin"] == "*"
    document = openapi_document(ROUTES, BASE)
    assert reply.json["paths"].keys() == document["paths"].keys()
    assert reply.json["servers"] == document["servers"]


async def test_it_is_the_same_bytes_each_time(site: Site) -> None:
    first, second = [await site.api("GET", "openapi.json", key="") for _ in range(2)]
    assert first.body == second.body


async def test_only_version_3_is_described(site: Site) -> None:
    for version in (1, 2):
        assert (await site.api("GET", "openapi.json", key="", version=version)).status == 404
