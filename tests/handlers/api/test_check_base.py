from __future__ import annotations

from uuid import UUID

import pytest

from hcserver.domain.identifiers import unique_key
from tests.handlers.harness import Site


@pytest.mark.parametrize("below", ["", "/flips/"])
async def test_a_check_is_read_by_its_unique_key_where_a_read_only_key_knows_no_other(
    site: Site, below: str
) -> None:
    check = (await site.create(name="job"))["uuid"]
    by_key = f"checks/{unique_key(UUID(check))}{below}"
    for key in (site.keys.api_key, site.keys.api_key_readonly):
        by_id = await site.api("GET", f"checks/{check}{below}", key=key)
        reply = await site.api("GET", by_key, key=key)
        assert (reply.status, reply.json) == (by_id.status, by_id.json)


async def test_the_payload_depends_on_the_key(site: Site) -> None:
    check = (await site.create(name="job"))["uuid"]
    assert "ping_url" in (await site.api("GET", f"checks/{check}")).json
    shown = (await site.api("GET", f"checks/{check}", key=site.keys.api_key_readonly)).json
    assert "ping_url" not in shown
    assert shown["unique_key"] == unique_key(UUID(check))
