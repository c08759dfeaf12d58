from __future__ import annotations

from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check, visitor


async def test_with_one_project_its_list_is_shown(editor: Visitor) -> None:
    reply = await editor.get("/")
    assert (reply.status, reply.headers["location"]) == (303, editor.path)


async def test_what_is_down_in_all_projects_is_shown(site: Site) -> None:
    other = await site.beside()
    somebody = await visitor(site)
    assert somebody.user is not None
    await site.services.accounts.members.add(other.project, somebody.user, "viewer")
    for one, name in ((site, "here"), (other, "there")):
        await one.ping(str((await make_check(one, name=name)).id), "/fail")
        await make_check(one, name=f"quiet {name}")
    page = await somebody.page("/")
    assert page.h1.get_text() == "2 checks are down"
    assert {link.get_text() for link in page.select("tr .name a")} == {"here", "there"}
    fragment = await somebody.get("/", X_Fragment="home")
    assert fragment.text.startswith("<h1>2 checks are down</h1>")
    assert "<html" not in fragment.text
    await other.close()


async def test_without_a_project_the_page_says_whom_to_ask(site: Site) -> None:
    page = await (await visitor(site, None)).page("/")
    assert page.h1.get_text() == "No projects yet"
