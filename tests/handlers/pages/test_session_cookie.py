from __future__ import annotations

from tests.handlers.harness import Site
from tests.handlers.pages.people import PASSWORD, person, send
from tests.handlers.pages.visitor import Visitor


async def test_the_cookie_of_a_session_is_out_of_reach_of_scripts_other_sites_and_other_hosts(
    site: Site, anonymous: Visitor
) -> None:
    user = await person(site)
    reply = await send(anonymous, "/sign-in", name=user.name, password=PASSWORD)
    name, *attributes = reply.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-session=")
    assert sorted(one for one in attributes if not one.startswith("expires")) == [
        "HttpOnly",
        "Max-Age=34560000",
        "Path=/",
        "SameSite=Lax",
        "Secure",
    ]


async def test_a_session_that_has_ended_is_removed_from_the_browser(site: Site, anonymous: Visitor) -> None:
    user = await person(site)
    anonymous.token = await site.services.accounts.sign_in(user.name, PASSWORD, "::1", "")
    reply = await anonymous.post("/sign-out")
    removed, _, rest = reply.headers["set-cookie"].partition("; ")
    assert removed == '__Host-session=""'
    assert "Secure" in rest.partition("notice=")[0]
    assert "expires=" in rest.partition("notice=")[0]
