from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from tests.handlers.harness import Site
from tests.handlers.pages.people import PASSWORD, faults, person, send, session_of, somewhere
from tests.handlers.pages.visitor import Visitor, text_of


async def test_a_user_signs_in_and_sees_pages(site: Site, anonymous: Visitor) -> None:
    user = await person(site)
    await site.services.accounts.members.add(site.project, user, "viewer")
    page = await anonymous.page("/sign-in")
    assert [field["name"] for field in page.select("form.fields input")] == [
        "_xsrf",
        "next",
        "name",
        "password",
    ]
    reply = await send(anonymous, "/sign-in", name=user.name.upper(), password=PASSWORD)
    assert (reply.status, reply.headers["location"]) == (303, "/")
    anonymous.token = session_of(reply)
    assert (await anonymous.get(anonymous.path)).status == 200
    (session,) = await site.services.accounts.sessions_of(user)
    assert session.address.startswith("2001:db8:")
    assert "Firefox" in session.user_agent


async def test_the_sign_in_leads_back_to_the_page_that_was_asked_for(site: Site, anonymous: Visitor) -> None:
    user = await person(site)
    reply = await anonymous.get(f"{anonymous.path}?q=is%3Adown")
    assert reply.status == 303
    page = await anonymous.page(reply.headers["location"])
    wanted = page.select_one("[name=next]")["value"]
    assert wanted == f"{anonymous.path}?q=is%3Adown"
    reply = await send(anonymous, "/sign-in", name=user.name, password=PASSWORD, next=wanted)
    assert reply.headers["location"] == wanted
    anonymous.token = session_of(reply)
    again = await anonymous.get("/sign-in?next=/account")
    assert (again.status, again.headers["location"]) == (303, "/account")


ELSEWHERE = [
    "https://evil.example.org/",
    "//evil.example.org/",
    "/\\evil.example.org",
    "\\\\evil.example.org",
    "/\t/evil.example.org",
    "/\r\nX: y",
    "javascript:alert(1)",
    "/日本",
    "",
]


@pytest.mark.parametrize("wanted", ELSEWHERE)
async def test_the_sign_in_leads_nowhere_else(site: Site, anonymous: Visitor, wanted: str) -> None:
    user = await person(site)
    reply = await send(anonymous, "/sign-in", name=user.name, password=PASSWORD, next=wanted)
    assert (reply.status, reply.headers["location"]) == (303, "/")


@pytest.mark.parametrize("password", ["wrong", "", PASSWORD.strip(), "x" * 100_000])
async def test_a_wrong_password_is_said_beside_the_fields_and_the_name_is_kept(
    site: Site, anonymous: Visitor, password: str
) -> None:
    user = await person(site)
    reply = await send(anonymous, "/sign-in", name=user.name, password=password, next="/account")
    assert reply.status == 400
    fault = "The name or the password is wrong."
    assert faults(reply) == {"name": fault, "password": fault}
    page = BeautifulSoup(reply.text, "lxml")
    values = {str(one["name"]): one.get("value") for one in page.select("form.fields input")}
    assert (values["name"], values["next"], values["password"]) == (user.name, "/account", None)
    assert "set-cookie" not in reply.headers


async def test_after_many_attempts_the_page_says_when_to_try_again(site: Site, anonymous: Visitor) -> None:
    address = somewhere()
    for number in range(20):
        reply = await send(anonymous, "/sign-in", address, name=f"nobody {number}", password="x" * 2000)
        assert reply.status == 400
    reply = await send(anonymous, "/sign-in", address, name="somebody", password=PASSWORD)
    assert (reply.status, reply.headers["retry-after"]) == (429, "15")
    assert faults(reply)["password"] == "Too many attempts, try again in 15 s."


async def test_a_sign_in_that_another_site_has_forged_is_refused(site: Site, anonymous: Visitor) -> None:
    user = await person(site)
    reply = await anonymous.post("/sign-in", xsrf="", name=user.name, password=PASSWORD)
    assert reply.status == 403
    assert await site.services.accounts.sessions_of(user) == []


async def test_whoever_signs_out_is_signed_out_at_once(site: Site, anonymous: Visitor) -> None:
    user = await person(site)
    anonymous.token = session_of(await send(anonymous, "/sign-in", name=user.name, password=PASSWORD))
    assert (await anonymous.get("/account")).status == 200
    assert (await anonymous.get("/sign-out")).status == 405
    assert (await anonymous.post("/sign-out", xsrf="")).status == 403
    assert (await anonymous.get("/account")).status == 200
    reply = await anonymous.post("/sign-out")
    assert (reply.status, reply.headers["location"]) == (303, "/sign-in")
    assert (await anonymous.get("/account")).status == 303
    assert (await anonymous.post("/sign-out")).status == 303


async def test_names_from_outside_are_no_markup(anonymous: Visitor) -> None:
    reply = await send(anonymous, "/sign-in", name='"><script>x</script>', password="")
    assert "<script>x" not in reply.text
    assert "Sign in" in text_of(reply)
