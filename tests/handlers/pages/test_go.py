from __future__ import annotations

from hcserver.domain.identifiers import unique_key
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, visitor


async def test_a_link_in_a_message_leads_to_the_page_of_the_check(site: Site, viewer: Visitor) -> None:
    check = await make_check(site)
    reply = await viewer.get(f"/go/{unique_key(check.id)}")
    assert (reply.status, reply.headers["location"]) == (303, f"/checks/{check.id}")


async def test_the_id_is_not_given_away_to_others(site: Site, anonymous: Visitor) -> None:
    check = await make_check(site)
    path = f"/go/{unique_key(check.id)}"
    reply = await anonymous.get(path)
    assert (reply.status, str(check.id) in reply.text) == (303, False)
    assert reply.headers["location"].startswith("/sign-in?next=%2Fgo%2F")
    for who, asked in ((await visitor(site, None), path), (await visitor(site, None), f"/go/{'0' * 40}")):
        assert (await who.get(asked)).status == 404
