from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Ambiguous, NotFound, Unauthorized
from hcserver.services import lookup as lookup_module
from hcserver.services.container import Services
from hcserver.services.lookup import Lookup
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import create


async def test_what_is_read_while_it_changes_is_not_remembered(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, keys = await services.projects.create("other")
    other = await services.projects.find("other")
    by_key = services.storage.projects.by_key

    async def by_key_and_then_it_changes(field: Any, value: str) -> Any:
        found = await by_key(field, value)
        monkeypatch.setattr(services.storage.projects, "by_key", by_key)
        await services.projects.rotate_key(other, "api")
        return found

    monkeypatch.setattr(services.storage.projects, "by_key", by_key_and_then_it_changes)
    await services.lookup.authenticate(keys.api_key, "write")  # it was good when it was looked up
    with pytest.raises(Unauthorized):
        await services.lookup.authenticate(keys.api_key, "write")


async def test_a_check_is_found_by_ping_key_and_slug_until_it_is_renamed(
    services: Services, project: Project
) -> None:
    check = await create(services, project, slug="old")
    assert await services.lookup.check_by_ping_key(project.ping_key, "old") == check.id
    await services.check_editor.update(project, check.id, parse_spec({"slug": "new"}, 3))
    with pytest.raises(NotFound):
        await services.lookup.check_by_ping_key(project.ping_key, "old")
    assert await services.lookup.check_by_ping_key(project.ping_key, "new") == check.id
    with pytest.raises(NotFound):
        await services.lookup.check_by_ping_key("unknown", "new")


async def test_a_slug_of_two_checks_is_ambiguous(services: Services, project: Project) -> None:
    for _ in range(2):
        await create(services, project, slug="same")
    with pytest.raises(Ambiguous):
        await services.lookup.check_by_slug(project.id, "same")


async def test_no_more_slugs_are_remembered_than_the_limit(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup_module, "REMEMBERED", 2)
    for slug in ("a", "b", "c"):
        await create(services, project, slug=slug)
    for slug in ("a", "b", "c", "a"):
        await services.lookup.check_by_slug(project.id, slug)
    assert {slug for _, slug in services.lookup._checks} == {"c", "a"}


def test_forgetting_a_check_leaves_the_other_slugs_alone() -> None:
    lookup = Lookup(None)  # type: ignore[arg-type]
    project, check = uuid4(), uuid4()
    lookup._remember_slug((project, "a"), check)
    for number in range(1000):
        lookup._remember_slug((uuid4(), f"{number}"), uuid4())
    lookup.forget(check)
    assert len(lookup._checks) == 1000
    assert project not in lookup._slugs_of
    assert check not in lookup._slugs_of


async def test_a_read_only_key_opens_its_project_for_reading_only(services: Services) -> None:
    project, keys = await services.projects.create("other")
    opened, writable = await services.lookup.authenticate(keys.api_key_readonly, "read")
    assert (opened.id, writable) == (project.id, False)
    for key in (keys.api_key_readonly, None, "short", "x" * 32):
        with pytest.raises(Unauthorized):
            await services.lookup.authenticate(key, "write")
