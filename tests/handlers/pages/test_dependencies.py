from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from bs4 import BeautifulSoup

from handlers.pages import dependencies
from handlers.pages.paths import check_path
from hcserver.domain.check import Check
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of


async def depends_on(site: Site, check: Check) -> tuple[UUID, ...]:
    return (await site.services.checks.get(site.project, check.id)).depends_on


def section(page: Any) -> Any:
    return page.select_one("section[aria-labelledby=h-channels]")


async def test_a_check_says_what_it_depends_on_and_what_depends_on_it(
    site: Site, editor: Visitor, viewer: Visitor
) -> None:
    nas, router = await make_check(site, name="<nas>"), await make_check(site, name="", slug="router")
    job = await make_check(site, name="job", depends_on=[str(nas.id), str(router.id)])
    await site.ping(str(nas.id), "/fail")
    for who in (editor, viewer):
        card = section(await who.page(check_path(job.id)))
        assert "Depends on <nas> Down , router New" in card.get_text(" ", strip=True)
        links = {link.get_text(): link["href"] for link in card.select("p a")}
        assert (links["<nas>"], links["router"]) == (check_path(nas.id), check_path(router.id))
        assert str(nas.id) not in text_of(await who.get(check_path(job.id)))
        below = section(await who.page(check_path(nas.id))).details
        assert below.summary.get_text() == "1 check depends on it"
        assert below.a["href"] == check_path(job.id)
    assert "depend on it" not in text_of(await viewer.get(check_path(job.id)))
    assert "/dependencies" not in text_of(await viewer.get(check_path(job.id)))


async def test_of_many_checks_that_depend_on_one_the_first_are_listed(
    site: Site, viewer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "_LISTED", 2)
    nas = await make_check(site, name="nas")
    for number in range(5):
        await make_check(site, name=f"job {number}", depends_on=[str(nas.id)])
    below = section(await viewer.page(check_path(nas.id))).details
    assert [link.get_text() for link in below.select("a")] == ["job 0", "job 1"]
    assert below.summary.get_text() == "5 checks depend on it"
    assert below.select_one(".help").get_text() == "And 3 other checks."


async def test_checks_are_chosen_by_slug_name_or_uuid(site: Site, editor: Visitor) -> None:
    nas, router = await make_check(site, name="NAS", slug="nas"), await make_check(site, name="The router")
    twin = [await make_check(site, name="twin") for _ in range(2)][1]
    job = await make_check(site, name="job")
    path = f"{check_path(job.id)}/dependencies"
    reply = await editor.post(path, depends_on=["nas", " The router ", "", str(twin.id)])
    assert (reply.status, reply.headers["location"]) == (303, check_path(job.id))
    assert await depends_on(site, job) == (nas.id, router.id, twin.id)
    page = await editor.page(path)
    assert [one["value"] for one in page.select("[name=depends_on]")] == [
        *("nas", "The router", str(twin.id)),
        *("", "", ""),
    ]
    offered = {one["value"]: one.get("label") for one in page.select("datalist option")}
    assert (offered["nas"], offered["The router"], str(job.id) in offered) == ("NAS", None, False)
    await editor.post(path, depends_on="")
    assert await depends_on(site, job) == ()


async def test_the_fields_of_a_large_project_take_slugs_and_uuids(
    site: Site, editor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "_KNOWN", 2)
    nas, router = await make_check(site, slug="nas"), await make_check(site, name="router")
    job = await make_check(site, name="job")
    path = f"{check_path(job.id)}/dependencies"
    assert (await editor.post(path, depends_on=["nas", str(router.id)])).status == 303
    assert await depends_on(site, job) == (nas.id, router.id)
    page = await editor.page(path)
    assert [one["value"] for one in page.select("[name=depends_on]")][:2] == [str(nas.id), str(router.id)]
    assert page.select("datalist option") == []
    assert (await editor.post(path, depends_on="router")).status == 400


async def test_what_is_wrong_is_said_above_the_fields_which_keep_what_was_typed(
    site: Site, editor: Visitor
) -> None:
    job = await make_check(site, name="job", slug="job")
    await make_check(site, slug="nas", depends_on=["job"])
    for _ in range(2):
        await make_check(site, name="twin")
    for typed, fault in (
        ("<nobody>", "The list names '<nobody>', which is neither the uuid nor the slug of a check"),
        ("twin", "The list names 'twin', which several checks of the project have as their name."),
        ("job", "The list names the check itself."),
        ("nas", "The list makes a cycle: nas depends on this check."),
    ):
        reply = await editor.post(f"{check_path(job.id)}/dependencies", depends_on=typed)
        page: Any = BeautifulSoup(reply.text, "lxml")
        assert reply.status == 400
        assert fault in page.select_one("[role=alert]").get_text()
        assert page.find(id="check-1")["value"] == typed
    reply = await editor.post(f"{check_path(job.id)}/dependencies", depends_on=["x"] * 11)
    assert (reply.status, "has more than 10 items" in reply.text) == (400, True)
    assert await depends_on(site, job) == ()
