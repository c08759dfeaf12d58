from __future__ import annotations

from uuid import uuid4

import pytest

from hcserver.services.public.status_pages import MAX_PAGES
from hcserver.validation.status_page import parse_status_page
from tests.handlers.harness import NOWHERE, Site
from tests.handlers.pages.visitor import Visitor, text_of


async def test_a_status_page_is_made_changed_published_and_deleted(site: Site, admin: Visitor) -> None:
    path, slug = f"{admin.path}settings/status", f"s-{uuid4()}"
    form = await admin.page(f"{path}/new")
    assert form.select_one("#title")["value"] == site.project.name
    assert not form.select_one("[name=published]").has_attr("checked")
    reply = await admin.post(f"{path}/new", slug=slug, title="Services", tags="db web", names="on")
    assert (reply.status, reply.headers["location"]) == (303, path)
    assert (await site.request("GET", f"/s/{slug}")).status == 404
    [page] = await site.services.public.status_pages.of_project(site.project)
    assert (page.title, page.tags, page.names, page.published) == ("Services", ("db", "web"), True, False)
    assert "Services off" in text_of(await admin.get(path))
    form = await admin.page(f"{path}/{page.id}")
    assert form.select_one("#tags")["value"] == "db web"
    await admin.post(f"{path}/{page.id}", slug=slug, title="Services", published="on")
    assert (await site.request("GET", f"/s/{slug}")).status == 200
    [page] = await site.services.public.status_pages.of_project(site.project)
    assert (page.tags, page.names, page.published) == ((), False, True)
    link = (await admin.page(path)).select_one(".rows a")
    assert link["href"] == f"/s/{slug}"
    assert (await admin.post(f"{path}/{page.id}/delete")).status == 303
    assert (await site.request("GET", f"/s/{slug}")).status == 404


async def test_a_slug_is_given_only_once_on_the_server(site: Site, admin: Visitor) -> None:
    slug = f"s-{uuid4()}"
    other = (await site.beside()).project
    await site.services.public.status_pages.create(other, parse_status_page({"slug": slug, "title": "t"}))
    reply = await admin.post(f"{admin.path}settings/status/new", slug=slug, title="mine")
    assert reply.status == 400
    assert "Another status page has this address." in text_of(reply)
    assert 'value="mine"' in reply.text


@pytest.mark.parametrize(
    ("field", "value"),
    [("slug", ""), ("slug", "A b"), ("slug", "-a"), ("title", ""), ("title", "x" * 101), ("tags", "\x01")],
)
async def test_faulty_fields_are_named(admin: Visitor, field: str, value: str) -> None:
    fields = {"slug": f"s-{uuid4()}", "title": "t", "tags": "", field: value}
    reply = await admin.post(f"{admin.path}settings/status/new", **fields)
    assert reply.status == 400
    assert f'id="{field}-fault"' in reply.text


async def test_a_project_has_only_so_many_pages(site: Site, admin: Visitor) -> None:
    for number in range(MAX_PAGES):
        spec = parse_status_page({"slug": f"s-{number}-{uuid4()}", "title": "t"})
        await site.services.public.status_pages.create(site.project, spec)
    reply = await admin.post(f"{admin.path}settings/status/new", slug=f"s-{uuid4()}", title="t")
    assert reply.status == 400
    assert f"at most {MAX_PAGES}" in text_of(reply)


async def test_another_projects_page_is_not_to_be_had(site: Site, admin: Visitor) -> None:
    foreign = (await site.beside()).project
    spec = parse_status_page({"slug": f"s-{uuid4()}", "title": "secret"})
    page = await site.services.public.status_pages.create(foreign, spec)
    for id in (page.id, NOWHERE):
        path = f"{admin.path}settings/status/{id}"
        assert (await admin.get(path)).status == 404
        assert (await admin.post(path, slug="x", title="x")).status == 404
        assert (await admin.post(f"{path}/delete")).status == 404
    assert await site.services.public.status_pages.of_project(foreign) == [page]


async def test_editors_publish_nothing(site: Site, editor: Visitor) -> None:
    path = f"{editor.path}settings/status/new"
    assert (await editor.get(path)).status == 403
    assert (await editor.post(path, slug=f"s-{uuid4()}", title="t", published="on")).status == 403
    assert await site.services.public.status_pages.of_project(site.project) == []
