"""A project's name, limits and deletion."""

from __future__ import annotations

from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.validation.status_page import parse_status_page
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, text_of, visitor


async def project_of(site: Site) -> Project:
    return await site.services.projects.get(site.project.id)


async def test_an_admin_renames_the_project(site: Site, admin: Visitor) -> None:
    name = f"renamed {uuid4()}"
    reply = await admin.post(f"{admin.path}settings", name=f" {name} ")
    assert (reply.status, reply.headers["location"]) == (303, f"{admin.path}settings")
    assert (await project_of(site)).name == name
    page = await admin.page(f"{admin.path}settings")
    assert page.select_one("#name")["value"] == name


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb"])
async def test_a_name_that_cannot_be_used_is_shown_again_with_its_fault(
    site: Site, admin: Visitor, name: str
) -> None:
    reply = await admin.post(f"{admin.path}settings", name=name)
    assert reply.status == 400
    assert 'id="name-fault"' in reply.text
    assert (await project_of(site)).name == site.project.name


async def test_a_name_that_another_project_has_is_refused(site: Site, admin: Visitor) -> None:
    taken = (await site.beside()).project.name
    reply = await admin.post(f"{admin.path}settings", name=taken)
    assert reply.status == 400
    assert f"There is a project '{taken}' already." in text_of(reply)


async def test_only_an_admin_of_the_server_sets_limits(site: Site, admin: Visitor) -> None:
    name = site.project.name
    page = await admin.page(f"{admin.path}settings")
    assert page.select_one("#checks_limit") is None
    await admin.post(f"{admin.path}settings", name=name, checks_limit="7")
    assert (await project_of(site)).checks_limit is None
    root = await visitor(site, None, admin=True)
    reply = await root.post(f"{admin.path}settings", name=name, checks_limit="7", pings_limit="")
    assert reply.status == 303
    changed = await project_of(site)
    assert (changed.checks_limit, changed.pings_limit) == (7, None)
    await root.post(f"{admin.path}settings", name=name, checks_limit="", pings_limit="20")
    changed = await project_of(site)
    assert (changed.checks_limit, changed.pings_limit) == (None, 20)


@pytest.mark.parametrize("number", ["0", "-1", "1001", "x", "1.5", "٣", "9" * 50])
async def test_a_limit_that_makes_no_sense_changes_nothing(site: Site, number: str) -> None:
    root = await visitor(site, None, admin=True)
    reply = await root.post(f"{root.path}settings", name="another name", pings_limit=number)
    assert reply.status == 400
    assert 'id="pings_limit-fault"' in reply.text
    assert (await project_of(site)).name == site.project.name


async def test_others_are_led_to_what_they_may_see(editor: Visitor, viewer: Visitor) -> None:
    for who, where in ((editor, "keys"), (viewer, "badges")):
        reply = await who.get(f"{who.path}settings")
        assert (reply.status, reply.headers["location"]) == (303, f"{who.path}settings/{where}")
        assert (await who.post(f"{who.path}settings", name="mine")).status == 403


async def test_tabs_lead_only_where_one_may_go(admin: Visitor, editor: Visitor, viewer: Visitor) -> None:
    expected = {
        "General": admin, "Keys": editor, "Members": viewer, "Badges": viewer,
        "Status pages": admin, "Walls": admin, "Danger": admin,
    }  # fmt: skip
    seen = {
        "admin": [*expected],
        "editor": [word for word, who in expected.items() if who is not admin],
        "viewer": [word for word, who in expected.items() if who is viewer],
    }
    for role, who in (("admin", admin), ("editor", editor), ("viewer", viewer)):
        page = await who.page(f"{who.path}settings/badges")
        links = page.select("nav.tabs a")
        assert [link.get_text() for link in links] == seen[role]
        assert [link.get_text() for link in links if link.get("aria-current")] == ["Badges"]


async def test_the_project_is_deleted_when_its_name_is_typed(site: Site, admin: Visitor) -> None:
    check = await make_check(site)
    services, project = site.services, site.project
    slug = f"s-{uuid4()}"
    spec = parse_status_page({"slug": slug, "title": "t", "published": "on"})
    await services.public.status_pages.create(project, spec)
    token = await services.public.walls.create(project, "office")
    assert (await site.request("GET", f"/s/{slug}")).status == 200
    assert (await site.request("GET", f"/wall/{token}")).status == 200
    wrong = await admin.post(f"{admin.path}settings/danger", name="something else")
    assert wrong.status == 400
    assert "This is not the project's name." in text_of(wrong)
    assert "1 check" in text_of(wrong)
    reply = await admin.post(f"{admin.path}settings/danger", name=project.name)
    assert (reply.status, reply.headers["location"]) == (303, "/")
    assert await services.storage.projects.get(project.id) is None
    assert (await site.request("GET", f"/ping/{check.id}")).status == 404
    assert (await site.request("GET", f"/s/{slug}")).status == 404
    assert (await site.request("GET", f"/wall/{token}")).status == 404
    assert await services.storage.status_pages.of_project(project.id) == []
    assert await services.storage.walls.of_project(project.id) == []


async def test_only_an_admin_deletes_the_project(site: Site, editor: Visitor, anonymous: Visitor) -> None:
    for path in ("settings/danger", "settings/status", "settings/walls"):
        assert (await editor.get(editor.path + path)).status == 403
        assert (await anonymous.get(anonymous.path + path)).status == 303
    assert (await editor.post(f"{editor.path}settings/danger", name=site.project.name)).status == 403
    assert await project_of(site)


async def test_a_form_without_its_token_changes_nothing(site: Site, admin: Visitor) -> None:
    reply = await admin.post(f"{admin.path}settings/danger", xsrf="0" * 32, name=site.project.name)
    assert reply.status == 403
    assert await project_of(site)
