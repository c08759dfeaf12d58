from __future__ import annotations

from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from hcserver.domain.status_page import StatusPage
from hcserver.storage import Storage
from tests.hcserver.storage.contract.records import NOW, later


def a_page(**fields: Any) -> StatusPage:
    given = {
        "id": uuid4(),
        "project": uuid4(),
        "created": NOW,
        "slug": f"s-{uuid4()}",
        "title": "t",
        **fields,
    }
    return StatusPage(**given)


async def test_a_page_comes_back_as_it_was_stored(storage: Storage) -> None:
    page = a_page(tags=("db", "web"), names=False, published=True)
    assert await storage.status_pages.put(page)
    assert await storage.status_pages.by_slug(page.slug) == page
    assert await storage.status_pages.by_slug("another") is None


async def test_a_page_is_replaced_as_a_whole_and_its_old_slug_is_free(storage: Storage) -> None:
    page = a_page(tags=("db",))
    await storage.status_pages.put(page)
    changed = replace(page, slug=f"s-{uuid4()}", tags=())
    assert await storage.status_pages.put(changed)
    assert await storage.status_pages.of_project(page.project) == [changed]
    assert await storage.status_pages.put(a_page(slug=page.slug))


async def test_a_slug_belongs_to_one_page(storage: Storage) -> None:
    first, second = a_page(), a_page()
    await storage.status_pages.put(first)
    assert not await storage.status_pages.put(replace(second, slug=first.slug))
    await storage.status_pages.put(second)
    assert not await storage.status_pages.put(replace(second, slug=first.slug))
    assert await storage.status_pages.by_slug(first.slug) == first
    assert await storage.status_pages.by_slug(second.slug) == second


async def test_pages_of_a_project_come_in_the_order_of_their_creation(storage: Storage) -> None:
    project = uuid4()
    pages = [a_page(project=project, created=later(seconds)) for seconds in (2, 1)]
    for page in [*pages, a_page()]:
        await storage.status_pages.put(page)
    assert await storage.status_pages.of_project(project) == pages[::-1]


async def test_pages_are_deleted_one_by_one_or_with_their_project(storage: Storage) -> None:
    project = uuid4()
    pages = [a_page(project=project) for _ in range(3)]
    another = a_page()
    for page in [*pages, another]:
        await storage.status_pages.put(page)
    await storage.status_pages.delete(pages[0].id)
    assert len(await storage.status_pages.of_project(project)) == 2
    await storage.status_pages.delete_of_project(project)
    assert await storage.status_pages.of_project(project) == []
    assert await storage.status_pages.by_slug(another.slug) == another
