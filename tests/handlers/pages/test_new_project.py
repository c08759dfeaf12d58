from __future__ import annotations

from uuid import uuid4

from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, text_of, visitor


async def test_an_admin_of_the_server_creates_a_project_and_sees_its_list(site: Site) -> None:
    root = await visitor(site, None, admin=True)
    assert (await root.page("/new-project")).h1.get_text() == "New project"
    reply = await root.post("/new-project", name=f"new {uuid4()}")
    assert reply.status == 303
    assert (await root.page(reply.headers["location"])).h1.get_text() == "No checks yet"


async def test_a_faulty_name_is_shown_again(site: Site) -> None:
    root = await visitor(site, None, admin=True)
    reply = await root.post("/new-project", name=site.project.name)
    assert reply.status == 400
    assert f"There is a project '{site.project.name}' already." in text_of(reply)
    assert (await root.post("/new-project", name=" ")).status == 400


async def test_nobody_else_creates_projects(site: Site, admin: Visitor, anonymous: Visitor) -> None:
    assert (await admin.get("/new-project")).status == 403
    assert (await admin.post("/new-project", name="mine")).status == 403
    assert (await anonymous.get("/new-project")).status == 303


async def test_the_way_there_is_shown_only_to_them(site: Site, admin: Visitor) -> None:
    root = await visitor(site, None, admin=True)
    assert (await root.page(root.path)).select('a[href="/new-project"]')
    assert not (await admin.page(admin.path)).select('a[href="/new-project"]')
