from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.errors import InvalidFields, NotFound
from hcserver.services.container import Services
from hcserver.services.public.status_pages import MAX_PAGES
from hcserver.validation.status_page import StatusPageSpec, parse_status_page
from tests.hcserver.services.conftest import FakeClock, MakeServices


def spec(slug: str = "jobs", published: str = "on", **fields: str) -> StatusPageSpec:
    return parse_status_page({"slug": slug, "title": "Jobs", "published": published, **fields})


async def test_a_published_page_is_found_by_its_slug(services: Services, project: Project) -> None:
    page = await services.public.status_pages.create(project, spec())
    assert await services.public.status_pages.published("jobs") == page
    with pytest.raises(NotFound):
        await services.public.status_pages.published("other")


async def test_a_page_that_is_not_published_is_not_found(services: Services, project: Project) -> None:
    page = await services.public.status_pages.create(project, spec(published=""))
    for _ in range(2):
        with pytest.raises(NotFound):
            await services.public.status_pages.published("jobs")
    await services.public.status_pages.update(project, page.id, spec())
    assert (await services.public.status_pages.published("jobs")).id == page.id
    await services.public.status_pages.update(project, page.id, spec(published=""))
    with pytest.raises(NotFound):
        await services.public.status_pages.published("jobs")


async def test_of_two_pages_with_one_slug_the_first_has_it(services: Services, project: Project) -> None:
    outcomes = await asyncio.gather(
        *(services.public.status_pages.create(project, spec()) for _ in range(3)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, InvalidFields)]
    assert [list(error.faults) for error in refused] == [["slug"], ["slug"]]


async def test_a_project_has_only_so_many_pages(services: Services, project: Project) -> None:
    for number in range(MAX_PAGES):
        await services.public.status_pages.create(project, spec(f"s-{number}"))
    with pytest.raises(InvalidFields):
        await services.public.status_pages.create(project, spec("one-more"))


async def test_a_page_of_another_project_is_not_found(services: Services, project: Project) -> None:
    page = await services.public.status_pages.create(project, spec())
    other, _ = await services.projects.create("other")
    for attempt in (
        services.public.status_pages.get(other, page.id),
        services.public.status_pages.update(other, page.id, spec("mine")),
        services.public.status_pages.delete(other, page.id),
        services.public.status_pages.get(project, uuid4()),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert await services.public.status_pages.published("jobs") == page


async def test_visitors_cost_the_database_one_reading(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await services.public.status_pages.create(project, spec())
    reads: list[str] = []
    by_slug = services.storage.status_pages.by_slug

    async def counted(slug: str) -> Any:
        reads.append(slug)
        return await by_slug(slug)

    monkeypatch.setattr(services.storage.status_pages, "by_slug", counted)
    for _ in range(5):
        await services.public.status_pages.published("jobs")
        with pytest.raises(NotFound):
            await services.public.status_pages.published("other")
    assert reads == ["jobs", "other"]
    clock.advance(30)
    await services.public.status_pages.published("jobs")
    assert reads == ["jobs", "other", "jobs"]


async def test_what_one_process_takes_off_is_gone_in_the_others(make_services: MakeServices) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    page = await first.public.status_pages.create(project, spec())
    assert await second.public.status_pages.published("jobs") == page
    await first.public.status_pages.update(project, page.id, spec(published=""))
    await second.runtime.news_listener.listen()
    with pytest.raises(NotFound):
        await second.public.status_pages.published("jobs")


async def test_a_deleted_project_has_no_pages(services: Services, project: Project) -> None:
    await services.public.status_pages.create(project, spec())
    await services.public.status_pages.published("jobs")
    await services.projects.delete(project)
    with pytest.raises(NotFound):
        await services.public.status_pages.published("jobs")
    other, _ = await services.projects.create("other")
    await services.public.status_pages.create(other, spec())
