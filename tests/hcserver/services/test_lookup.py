from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.clock import utc_now
from hcserver.domain.project import Project
from hcserver.errors import Ambiguous, NotFound, Unauthorized
from hcserver.services import lookup as lookup_module
from hcserver.services.container import Services
from hcserver.services.lookup import Lookup
from hcserver.services.management import projects as projects_module
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create


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
    lookup = Lookup(None, utc_now)  # type: ignore[arg-type]
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


async def test_a_named_key_opens_its_project_as_far_as_it_may(services: Services, project: Project) -> None:
    _, full = await services.api_keys.create(project, "backup", "read-write")
    _, reading = await services.api_keys.create(project, "Grafana", "read-only")
    for needed in ("read", "write"):
        opened, writable = await services.lookup.authenticate(full, needed)
        assert (opened.id, writable) == (project.id, True)
    opened, writable = await services.lookup.authenticate(reading, "read")
    assert (opened.id, writable) == (project.id, False)
    with pytest.raises(Unauthorized):
        await services.lookup.authenticate(reading, "write")
    with pytest.raises(Unauthorized):
        await services.lookup.authenticate(full[:-1] + "\udc80", "read")


class CountedReads:
    """Counts how often a method of a store is called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: object, name: str) -> None:
        self.number = 0
        self._method = getattr(store, name)
        monkeypatch.setattr(store, name, self._count)

    async def _count(self, *arguments: Any) -> Any:
        self.number += 1
        return await self._method(*arguments)


async def test_what_is_not_there_reaches_the_database_once_a_second(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup, storage = services.lookup, services.storage
    keys = CountedReads(monkeypatch, storage.projects, "by_key")
    projects = CountedReads(monkeypatch, storage.projects, "get")
    slugs = CountedReads(monkeypatch, storage.checks, "of_project")
    aliases = CountedReads(monkeypatch, storage.checks, "aliased")
    ids = CountedReads(monkeypatch, storage.checks, "load")
    nowhere = uuid4()
    for seconds in (1, 2):
        for _ in range(5):
            with pytest.raises(Unauthorized):
                await lookup.authenticate("x" * 32, "write")
            with pytest.raises(NotFound):
                await lookup.by_ping_key("unknown")
            assert await lookup.by_badge_key("unknown") is None
            assert await lookup.by_id(nowhere) is None
            with pytest.raises(NotFound):
                await lookup.check_by_slug(project.id, "unknown")
            with pytest.raises(NotFound):
                await services.checks.by_badge(nowhere)
            with pytest.raises(NotFound):
                await services.checks.get(project, nowhere)
        assert keys.number == 3 * seconds
        assert (projects.number, slugs.number, aliases.number, ids.number) == (seconds,) * 4
        clock.advance(1)


async def test_a_named_key_is_looked_up_once_and_costs_the_other_keys_nothing(
    services: Services, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, keys = await services.projects.create("other")
    _, named = await services.api_keys.create(project, "backup", "read-write")
    of_projects = CountedReads(monkeypatch, services.storage.projects, "by_key")
    with_names = CountedReads(monkeypatch, services.storage.api_keys, "get")
    for _ in range(3):
        await services.lookup.authenticate(named, "write")
        clock.advance(60)
    assert (of_projects.number, with_names.number) == (0, 1)
    await services.lookup.authenticate(keys.api_key, "write")
    assert (of_projects.number, with_names.number) == (1, 1)
    await services.lookup.authenticate(keys.api_key_readonly, "read")
    assert (of_projects.number, with_names.number) == (3, 1)
    for seconds in (1, 2):
        for _ in range(5):
            with pytest.raises(Unauthorized):
                await services.lookup.authenticate("hck_".ljust(32, "x"), "read")
        assert (of_projects.number, with_names.number) == (3, 1 + seconds)
        clock.advance(1)


async def test_what_this_process_creates_is_there_at_once(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound):
        await services.lookup.check_by_slug(project.id, "new")
    check = await create(services, project, slug="new")
    assert await services.lookup.check_by_slug(project.id, "new") == check.id
    monkeypatch.setattr(projects_module, "new_key", lambda kind: f"key of kind {kind}".ljust(32))
    with pytest.raises(NotFound):
        await services.lookup.by_ping_key("key of kind ping".ljust(32))
    other, _ = await services.projects.create("other")
    assert await services.lookup.by_ping_key("key of kind ping".ljust(32)) == other


async def test_what_another_process_creates_is_there_within_a_second(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    monkeypatch.setattr(projects_module, "new_key", lambda kind: f"key of kind {kind}".ljust(32))
    with pytest.raises(Unauthorized):
        await second.lookup.authenticate("key of kind api".ljust(32), "write")
    project, keys = await first.projects.create("main")
    clock.advance(1)
    assert await second.lookup.authenticate(keys.api_key, "write") == (project, True)


async def test_a_check_created_while_its_slug_is_looked_up_is_not_remembered_as_absent(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_project = services.storage.checks.of_project

    async def of_project_and_then_it_is_created(*arguments: Any) -> Any:
        found = await of_project(*arguments)
        monkeypatch.setattr(services.storage.checks, "of_project", of_project)
        await create(services, project, slug="new")
        return found

    monkeypatch.setattr(services.storage.checks, "of_project", of_project_and_then_it_is_created)
    with pytest.raises(NotFound):  # it was not there when it was looked up
        await services.lookup.check_by_slug(project.id, "new")
    await services.lookup.check_by_slug(project.id, "new")


async def test_a_badge_is_looked_up_once(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    aliases = CountedReads(monkeypatch, services.storage.checks, "aliased")
    for _ in range(3):
        assert await services.checks.by_badge(check.badge) == check
    assert aliases.number == 1
    await services.check_deletion.delete(project, check.id)
    with pytest.raises(NotFound):
        await services.checks.by_badge(check.badge)


async def test_no_more_aliases_are_remembered_than_the_limit(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup_module, "REMEMBERED", 2)
    for _ in range(4):
        check = await create(services, project)
        assert await services.checks.by_badge(check.badge) == check
    assert len(services.lookup._aliases) == 2
