from __future__ import annotations

import pytest

from tests.handlers.pages.visitor import Visitor, text_of


@pytest.mark.parametrize("path", ["/nothing", "/checks", "/p/x", "/docs/api/"])
async def test_browsers_get_a_page_and_programs_get_text(anonymous: Visitor, path: str) -> None:
    reply = await anonymous.get(path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such page." in text_of(reply)
    reply = await anonymous.get(path, Accept="*/*")
    assert (reply.status, reply.text) == (404, "not found")


async def test_every_method_is_answered(anonymous: Visitor) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
        reply = await anonymous.site.request(method, "/nothing", anonymous.headers)
        assert (reply.status, reply.text) == (404, "not found")


async def test_a_slash_that_is_missing_is_added(anonymous: Visitor) -> None:
    project = anonymous.path.rstrip("/")
    for path, location in (("/docs", "/docs/"), (f"{project}?q=a%0Ab", f"{anonymous.path}?q=a%0Ab")):
        reply = await anonymous.get(path)
        assert (reply.status, reply.headers["location"]) == (301, location)
