from __future__ import annotations

from urllib.parse import unquote

import pytest_asyncio

from tests.handlers.harness import Reply, Site
from tests.handlers.pages.people import PASSWORD, faults, person, send, somewhere
from tests.handlers.pages.visitor import Visitor, text_of


@pytest_asyncio.fixture(loop_scope="session")
async def owner(site: Site) -> Visitor:
    """Somebody with a password who has signed in, in two browsers; this is one of them."""
    user = await person(site)
    accounts = site.services.accounts
    await accounts.sign_in(user.name, PASSWORD, somewhere(), "curl/8")
    return Visitor(site, user, await accounts.sign_in(user.name, PASSWORD, "192.0.2.7", "Firefox/1 Linux"))


async def sessions(owner: Visitor) -> dict[str, str]:
    """The ids of the sessions by browser."""
    assert owner.user is not None
    found = await owner.site.services.accounts.sessions_of(owner.user)
    return {one.user_agent: one.id for one in found}


def notice(reply: Reply) -> str:
    return unquote(reply.headers.get("set-cookie", "").replace("+", " "))


async def test_the_sessions_are_listed_with_the_current_one_marked(owner: Visitor) -> None:
    page = await owner.page("/account")
    rows = [" ".join(row.get_text(" ").split()) for row in page.select(".rows li")]
    assert len(rows) == 2
    (current,) = [row for row in rows if "this one" in row]
    assert current.startswith("Firefox on Linux this one 192.0.2.7, signed in just now")


async def test_a_session_is_ended(owner: Visitor) -> None:
    other = (await sessions(owner))["curl/8"]
    reply = await owner.post("/account/sessions", session=other)
    assert (reply.status, reply.headers["location"]) == (303, "/account")
    assert "The session has ended." in notice(reply)
    assert list(await sessions(owner)) == ["Firefox/1 Linux"]
    reply = await owner.post("/account/sessions", session=other)
    assert "had ended already" in notice(reply)


async def test_whoever_ends_the_current_session_has_signed_out(owner: Visitor) -> None:
    reply = await owner.post("/account/sessions", session=(await sessions(owner))["Firefox/1 Linux"])
    assert reply.headers["location"] == "/sign-in"
    assert (await owner.get("/account")).status == 303


async def test_all_other_sessions_are_ended(owner: Visitor) -> None:
    assert (await owner.post("/account/sessions", others="1")).status == 303
    assert list(await sessions(owner)) == ["Firefox/1 Linux"]
    assert (await owner.get("/account")).status == 200


async def test_nobody_ends_the_sessions_of_others(owner: Visitor, editor: Visitor) -> None:
    for id in (await sessions(owner)).values():
        assert "had ended already" in notice(await editor.post("/account/sessions", session=id))
    assert len(await sessions(owner)) == 2


async def test_the_password_is_changed_and_other_sessions_end(owner: Visitor) -> None:
    reply = await send(owner, "/account/password", old_password=PASSWORD, password=" battery staple")
    assert (reply.status, reply.headers["location"]) == (303, "/account")
    assert list(await sessions(owner)) == ["Firefox/1 Linux"]
    assert owner.user is not None
    assert await owner.site.services.accounts.sign_in(owner.user.name, " battery staple", "::1", "")


async def test_faults_are_said_beside_the_fields(owner: Visitor) -> None:
    reply = await send(owner, "/account/password", old_password="wrong", password="battery staple")
    assert (reply.status, faults(reply)) == (400, {"old_password": "This is not your password."})
    reply = await send(owner, "/account/password", old_password=PASSWORD, password="short")
    assert (reply.status, faults(reply)) == (400, {"password": "A password has at least 10 characters."})
    for _ in range(9):
        await send(owner, "/account/password", old_password="wrong", password="battery staple")
    reply = await send(owner, "/account/password", old_password=PASSWORD, password="battery staple")
    assert (reply.status, reply.headers["retry-after"]) == (429, "30")
    assert faults(reply) == {"old_password": "Too many attempts, try again in 30 s."}
    assert len(await sessions(owner)) == 2


async def test_without_a_password_there_is_none_to_change(editor: Visitor) -> None:
    page = await editor.page("/account")
    assert page.select("[type=password]") == []
    assert page.select_one("dl").get_text(" ").split()[-1] == "editor"


async def test_forms_of_other_sites_change_nothing(owner: Visitor) -> None:
    for path in ("/account/sessions", "/account/password"):
        reply = await owner.post(path, xsrf="", others="1", old_password=PASSWORD, password="battery staple")
        assert reply.status == 403
        assert (await owner.get(path)).headers["location"] == "/account"
    assert len(await sessions(owner)) == 2


async def test_the_account_of_nobody_leads_to_the_sign_in(anonymous: Visitor) -> None:
    assert (await anonymous.get("/account")).headers["location"] == "/sign-in?next=%2Faccount"
    assert "Sign in" in text_of(await anonymous.get("/sign-in"))
