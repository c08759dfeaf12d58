from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from bs4 import BeautifulSoup

from tests.handlers.harness import serve
from tests.handlers.pages.people import PASSWORD, faults, send, session_of
from tests.handlers.pages.visitor import Visitor, text_of


@pytest_asyncio.fixture(loop_scope="session")
async def newcomer(mongo_uri: str) -> AsyncIterator[Visitor]:
    """Somebody at a new server, without users."""
    async with serve(mongo_uri) as site:
        await site.services.projects.rename(site.project, "main")
        yield Visitor(site)


async def link(visitor: Visitor) -> str:
    token = await visitor.site.services.accounts.offer_setup()
    assert token is not None
    return f"/setup/{token}"


async def test_the_first_user_gives_name_password_and_project_and_is_signed_in(newcomer: Visitor) -> None:
    path = await link(newcomer)
    page = await newcomer.page(path)
    assert page.select_one("#project_name")["value"] == "main"
    reply = await send(newcomer, path, name="ann", password=PASSWORD, project_name="Homelab")
    assert (reply.status, reply.headers["location"]) == (303, "/")
    newcomer.token = session_of(reply)
    assert (await newcomer.get("/")).headers["location"] == newcomer.path
    assert "Homelab" in text_of(await newcomer.get(newcomer.path))
    signed_in = await newcomer.site.services.accounts.session(newcomer.token)
    assert signed_in is not None and signed_in.user.admin
    assert signed_in.session is not None and signed_in.session.address.startswith("2001:db8:")

    reply = await newcomer.get(path)
    assert reply.status == 404
    assert "This link is not valid" in text_of(reply)
    assert (await send(newcomer, path, name="bob", password=PASSWORD)).status == 404


async def test_faults_are_said_beside_the_fields_and_values_are_kept(newcomer: Visitor) -> None:
    path = await link(newcomer)
    reply = await send(newcomer, path, name="", password="short", project_name="x" * 101)
    assert reply.status == 400
    assert faults(reply) == {
        "name": "Give a name.",
        "password": "A password has at least 10 characters.",
        "project_name": "The name is too long.",
    }
    page = BeautifulSoup(reply.text, "lxml")
    assert {str(one["id"]): one.get("value") for one in page.select("input[id]")} == {
        "name": "",
        "password": None,
        "project_name": "x" * 101,
    }
    assert (await send(newcomer, path, name="ann", password=PASSWORD, project_name="")).status == 303


async def test_without_users_the_sign_in_says_what_to_do(newcomer: Visitor) -> None:
    hint = "Open the link that the server has printed when it was started"
    assert hint in text_of(await newcomer.get("/sign-in"))
    await send(newcomer, await link(newcomer), name="ann", password=PASSWORD)
    assert hint not in text_of(await newcomer.get("/sign-in"))


async def test_a_link_that_is_not_valid_shows_no_form(newcomer: Visitor) -> None:
    for path in ("/setup/x", f"/setup/{'x' * 43}", "/setup/%00"):
        reply = await newcomer.get(path)
        assert reply.status == 404
        assert "prints a new one each time it starts" in text_of(reply)
    assert (await newcomer.get("/setup/")).status == 404


async def test_a_set_up_that_another_site_has_forged_is_refused(newcomer: Visitor) -> None:
    reply = await newcomer.post(await link(newcomer), xsrf="", name="ann", password=PASSWORD)
    assert reply.status == 403
    assert not await newcomer.site.services.accounts.users.any()
