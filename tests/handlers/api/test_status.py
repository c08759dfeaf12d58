"""GET status/"""

from __future__ import annotations

import pytest

from hcserver.services.runtime import health
from tests.handlers.harness import Site


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_healthy_server_is_ok_without_a_key(site: Site, version: int) -> None:
    reply = await site.api("GET", "status/", key="", version=version)
    assert (reply.status, reply.body) == (200, b"OK")
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.headers["access-control-allow-origin"] == "*"


async def test_a_listener_that_is_closed_is_a_problem(site: Site) -> None:
    is_open = False
    site.services.health.add_listener("smtp", lambda: is_open)
    try:
        reply = await site.api("GET", "status/", key="")
        assert (reply.status, reply.json) == (503, {"status": "ill", "problems": {"smtp": "not listening"}})
        assert reply.headers["retry-after"] == "5"
        is_open = True
        assert (await site.api("GET", "status/", key="")).status == 200
    finally:
        is_open = True


async def test_checks_that_are_overdue_for_long_are_a_problem(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "MAX_LAG", -1.0)
    reply = await site.api("GET", "status/", key="")
    assert (reply.status, list(reply.json["problems"])) == (503, ["scheduler"])
