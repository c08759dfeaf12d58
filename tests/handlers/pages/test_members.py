from __future__ import annotations

import pytest
import pytest_asyncio

from hcserver.domain.user import Role, User
from tests.handlers.harness import Reply, Site
from tests.handlers.pages.people import faults, person
from tests.handlers.pages.visitor import Visitor, text_of, visitor


@pytest_asyncio.fixture(loop_scope="session")
async def admin(site: Site) -> Visitor:
    """An admin of the site's project."""
    return await visitor(site, "admin")


async def post(sender: Visitor, action: str, **fields: str) -> Reply:
    return await sender.post(f"{sender.path}members", action=action, **fields)


async def role(site: Site, user: User | None) -> str | None:
    assert user is not None
    return await site.services.accounts.role_in(user, site.project.id)


async def test_an_admin_adds_changes_and_removes_members(site: Site, admin: Visitor) -> None:
    user = await person(site)
    page = await admin.page(f"{admin.path}members")
    assert page.select_one(".tabs [aria-current]").get_text() == "Members"
    assert [one["value"] for one in page.select("[type=radio]")] == ["viewer", "editor", "admin"]
    reply = await post(admin, "add", name=user.name.upper(), role="editor")
    assert (reply.status, reply.headers["location"]) == (303, f"{admin.path}members")
    assert await role(site, user) == "editor"
    await post(admin, "change", user=str(user.id), role="viewer")
    assert await role(site, user) == "viewer"
    assert user.name in text_of(await admin.get(f"{admin.path}members"))
    await post(admin, "remove", user=str(user.id))
    assert await role(site, user) is None


@pytest.mark.parametrize("member", ["viewer", "editor"])
async def test_others_see_the_members_and_change_nothing(site: Site, admin: Visitor, member: Role) -> None:
    other = await visitor(site, member)
    assert admin.user is not None
    page = await other.page(f"{other.path}members")
    assert admin.user.name in page.get_text()
    assert page.select("main form") == []
    for action in ("add", "change", "remove"):
        reply = await post(other, action, user=str(admin.user.id), name=admin.user.name, role="viewer")
        assert reply.status == 403
    assert await role(site, admin.user) == "admin"


async def test_who_is_no_member_finds_no_page(site: Site) -> None:
    stranger = await visitor(site, None)
    assert (await stranger.get(f"{stranger.path}members")).status == 404
    assert (await post(stranger, "add", name="x", role="admin")).status == 404


async def test_faults_are_said_beside_the_fields_and_values_are_kept(site: Site, admin: Visitor) -> None:
    reply = await post(admin, "add", name="<b>nobody", role="editor")
    assert (reply.status, faults(reply)) == (400, {"name": "There is no user '<b>nobody' on this server."})
    assert 'value="&lt;b&gt;nobody"' in reply.text
    assert 'value="editor" checked' in reply.text
    assert faults(await post(admin, "add", name="", role="editor")) == {"name": "Give a name."}
    assert admin.user is not None
    reply = await post(admin, "add", name=admin.user.name, role="editor")
    assert faults(reply) == {"name": f"{admin.user.name} is a member already."}
    reply = await post(admin, "add", name=admin.user.name, role="owner")
    assert reply.status == 400
    assert "Choose a role." in text_of(reply)


@pytest.mark.parametrize("user", ["", "x", "6837d6ec-fc08-4da5-a67f-08a9ed1ccf62"])
async def test_a_user_who_is_gone_can_not_be_changed(admin: Visitor, user: str) -> None:
    for action in ("change", "remove"):
        reply = await post(admin, action, user=user, role="viewer")
        assert reply.status == 409
        assert "There is no such user." in text_of(reply)
    assert (await post(admin, "promote", user=user)).status == 400


async def test_whoever_leaves_a_project_is_led_to_the_first_page(site: Site, admin: Visitor) -> None:
    await site.services.accounts.members.add(site.project, await person(site), "admin")
    assert admin.user is not None
    reply = await post(admin, "change", user=str(admin.user.id), role="viewer")
    assert reply.headers["location"] == f"{admin.path}members"
    assert (await post(admin, "remove", user=str(admin.user.id))).status == 403
    other = await visitor(site, "admin")
    assert other.user is not None
    assert (await post(other, "remove", user=str(other.user.id))).headers["location"] == "/"


async def test_the_page_says_how_a_new_user_is_created(admin: Visitor, viewer: Visitor) -> None:
    command = "hcserver user create NAME"
    assert command in text_of(await admin.get(f"{admin.path}members"))
    assert command not in text_of(await viewer.get(f"{viewer.path}members"))


async def test_admins_of_the_server_are_named_to_admins_only(
    site: Site, admin: Visitor, viewer: Visitor
) -> None:
    root = await person(site, admin=True)
    assert root.name in text_of(await admin.get(f"{admin.path}members"))
    assert root.name not in text_of(await viewer.get(f"{viewer.path}members"))


async def test_forms_of_other_sites_change_nothing(site: Site, admin: Visitor) -> None:
    user = await person(site)
    reply = await admin.post(f"{admin.path}members", xsrf="", action="add", name=user.name, role="admin")
    assert reply.status == 403
    assert await role(site, user) is None
