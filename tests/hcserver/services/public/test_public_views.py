from __future__ import annotations

import pytest

from hcserver.domain.project import Project
from hcserver.errors import NotFound
from hcserver.services.container import Services
from hcserver.validation.status_page import parse_status_page


async def test_a_deleted_project_shows_nothing_any_more(services: Services, project: Project) -> None:
    spec = parse_status_page({"slug": "jobs", "title": "Jobs", "published": "on"})
    await services.public.status_pages.create(project, spec)
    token = await services.public.walls.create(project, "office")
    await services.public.status_pages.published("jobs")
    await services.public.walls.find(token)
    await services.projects.delete(project)
    with pytest.raises(NotFound):
        await services.public.status_pages.published("jobs")
    with pytest.raises(NotFound):
        await services.public.walls.find(token)
