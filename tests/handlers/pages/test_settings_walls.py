from __future__ import annotations

from hcserver.services.public.walls import MAX_WALLS
from tests.handlers.harness import BASE, Site
from tests.handlers.pages.visitor import Visitor, text_of


async def make(admin: Visitor, name: str = "office") -> str:
    """The path of a new wall."""
    reply = await admin.post(f"{admin.path}settings/walls", name=name)
    assert reply.status == 200
    assert "no-store" in reply.headers["cache-control"]
    start = reply.text.index(f"{BASE}/wall/")
    return reply.text[start : reply.text.index("<", start)].removeprefix(BASE)


async def test_the_link_of_a_wall_is_shown_once_and_can_be_revoked(site: Site, admin: Visitor) -> None:
    path, list_path = await make(admin), f"{admin.path}settings/walls"
    assert (await site.request("GET", path)).status == 200
    page = await admin.page(list_path)
    assert page.select_one(".rows strong").get_text() == "office"
    assert path.removeprefix("/wall/") not in page.prettify()
    button = page.select_one("[name=revoke]")
    reply = await admin.post(list_path, revoke=button["value"])
    assert (reply.status, reply.headers["location"]) == (303, list_path)
    assert (await site.request("GET", path)).status == 404
    assert "There is none yet." in text_of(await admin.get(list_path))


async def test_the_others_go_on_when_one_is_revoked(site: Site, admin: Visitor) -> None:
    first, second = await make(admin, "one"), await make(admin, "two")
    wall = next(
        wall for wall in await site.services.public.walls.of_project(site.project) if wall.name == "one"
    )
    await admin.post(f"{admin.path}settings/walls", revoke=wall.id)
    assert (await site.request("GET", first)).status == 404
    assert (await site.request("GET", second)).status == 200


async def test_a_wall_needs_a_name(site: Site, admin: Visitor) -> None:
    reply = await admin.post(f"{admin.path}settings/walls", name=" ")
    assert reply.status == 400
    assert 'id="name-fault"' in reply.text
    assert await site.services.public.walls.of_project(site.project) == []


async def test_a_project_has_only_so_many_walls(site: Site, admin: Visitor) -> None:
    for _ in range(MAX_WALLS):
        await site.services.public.walls.create(site.project, "wall")
    reply = await admin.post(f"{admin.path}settings/walls", name="one more")
    assert reply.status == 400
    assert f"at most {MAX_WALLS}" in text_of(reply)


async def test_another_projects_wall_cannot_be_revoked(site: Site, admin: Visitor) -> None:
    foreign = (await site.beside()).project
    await site.services.public.walls.create(foreign, "theirs")
    [wall] = await site.services.public.walls.of_project(foreign)
    assert (await admin.post(f"{admin.path}settings/walls", revoke=wall.id)).status == 404
    assert await site.services.public.walls.of_project(foreign) == [wall]


async def test_editors_make_no_walls(editor: Visitor) -> None:
    assert (await editor.post(f"{editor.path}settings/walls", name="mine")).status == 403
