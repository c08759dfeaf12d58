from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.domain.state_machine import Step
from hcserver.domain.status import shown_status
from hcserver.services.container import Services
from hcserver.services.reading.indexed_check import key_of
from hcserver.services.reading.project_index import Selection
from hcserver.validation.check import parse_spec
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, pass_time, ping

TAGS = ["a", "b", "c", "d"]
SLUGS = ["", "x", "y", "z"]


async def assert_equal_to_database(services: Services, project: Project) -> None:
    """Everything that is read from the index is what is read from the database."""
    for slug in [None, *SLUGS[1:], "unknown"]:
        for tags in [(), ("a",), ("b", "c"), ("a", "b", "c"), ("unknown",), ("",)]:
            expected = await services.checks.of_project(project.id, slug, tags)
            selection = Selection(slug, frozenset(tags))
            assert await services.project_reader.checks(project.id, selection) == expected
            if expected:
                middle = key_of(expected[len(expected) // 2])
                page = await services.project_reader.checks(project.id, selection, middle, 2)
                assert page == [check for check in expected if key_of(check) > middle][:2]
    every = await services.checks.of_project(project.id)
    assert await services.project_reader.tags(project.id) == {tag for one in every for tag in one.tag_list()}
    for check in every:
        below = [one for one in every if check.id in one.depends_on]
        assert await services.project_reader.dependents(project.id, check.id) == below
    for tag in [None, *TAGS]:
        counts = await services.project_reader.status_counts(project.id, tag)
        shown = Counter(
            shown_status(check, services.clock()) for check in every if tag is None or tag in check.tag_list()
        )
        assert {status: count for status, count in counts.items() if count} == shown


class Operations:
    """Random operations on the checks of a project, as people, jobs and time do them."""

    def __init__(self, services: Services, project: Project, clock: FakeClock, seed: int) -> None:
        self._services = services
        self._project = project
        self._clock = clock
        self._random = random.Random(seed)

    async def carry_out_one(self) -> None:
        checks = await self._services.checks.of_project(self._project.id)
        if not checks:
            await create(self._services, self._project, **self._settings())
            return
        check = self._random.choice(checks)
        some: Sequence[Callable[[Check], Awaitable[None]]] = [self._ping] * 4 + [
            *(self._create, self._update, self._depend, self._delete, self._pause, self._resume),
            *(self._let_time_pass, self._let_time_pass, self._evict, self._forget),
        ]
        await self._random.choice(some)(check)

    def _settings(self) -> dict[str, object]:
        pick = self._random
        schedule = {"schedule": pick.choice(["*/5 * * * *", "0 * * * *"]), "tz": "Europe/Riga"}
        return {
            "slug": pick.choice(SLUGS),
            "tags": " ".join(pick.sample(TAGS, pick.randrange(4))),
            "grace": pick.choice([60, 600]),
            **(schedule if pick.random() < 0.3 else {"timeout": pick.choice([60, 300, 3600])}),
        }

    async def _ping(self, check: Check) -> None:
        await ping(
            self._services, check.id, self._random.choice(["success", "success", "fail", "start", "log"])
        )

    async def _create(self, check: Check) -> None:
        spec = parse_spec(self._settings(), 3)
        await self._services.check_editor.create(self._project, spec)

    async def _update(self, check: Check) -> None:
        spec = parse_spec(self._settings(), 3)
        await self._services.check_editor.update(self._project, check.id, spec)

    async def _depend(self, check: Check) -> None:
        others = [one.id for one in await self._services.checks.of_project(self._project.id)]
        some = tuple(self._random.sample(others, min(len(others), 2)))
        await self._services.state_writer.change(
            check.id, lambda current: Step(replace(current, depends_on=some))
        )

    async def _delete(self, check: Check) -> None:
        await self._services.check_deletion.delete(self._project, check.id)

    async def _pause(self, check: Check) -> None:
        await self._services.check_editor.pause(self._project, check.id)

    async def _resume(self, check: Check) -> None:
        if check.status == "paused":
            await self._services.check_editor.resume(self._project, check.id)

    async def _let_time_pass(self, check: Check) -> None:
        seconds = self._random.choice([0.5, 30, 61, 400])
        if self._random.random() < 0.5:
            self._clock.advance(min(seconds, 59))  # the scheduler has not come to it yet
        else:
            await pass_time(self._services, self._clock, seconds)

    async def _evict(self, check: Check) -> None:
        await self._services.state_writer.flush()
        self._services.cache._checks.clear()

    async def _forget(self, check: Check) -> None:
        self._services.cache.forget(check.id, check.project)


@pytest.mark.parametrize("seed", range(4))
async def test_the_index_answers_as_the_database_does_after_any_operations(
    services: Services, project: Project, clock: FakeClock, seed: int
) -> None:
    operations = Operations(services, project, clock, seed)
    for number in range(80):
        await operations.carry_out_one()
        if number % 8 == 0:
            await assert_equal_to_database(services, project)
    await services.state_writer.flush()
    await assert_equal_to_database(services, project)


async def test_a_project_that_is_too_large_is_read_from_the_database(
    services: Services, project: Project, clock: FakeClock
) -> None:
    services.project_reader.loader._indexes.capacity = 0
    for number in range(5):
        check = await create(services, project, slug="x", tags="a b" if number % 2 else "a")
        await ping(services, check.id, "fail" if number == 3 else "success")
    clock.advance(3600)
    assert await services.project_reader.loader.index(project.id) is None
    await assert_equal_to_database(services, project)


async def test_changes_of_another_process_are_read_when_its_news_were_heard(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    changed, deleted = await create(first, project, tags="a"), await create(first, project, tags="a")
    assert len(await second.project_reader.checks(project.id)) == 2
    await first.check_editor.update(project, changed.id, parse_spec({"tags": "b", "slug": "x"}, 3))
    await first.check_deletion.delete(project, deleted.id)
    await create(first, project, tags="c")
    await second.runtime.news_listener.listen()
    assert await second.project_reader.tags(project.id) == {"b", "c"}
    assert await second.project_reader.checks(project.id) == await first.project_reader.checks(project.id)
    await assert_equal_to_database(second, project)


async def test_a_process_that_was_cut_off_for_long_reads_everything_again(
    make_services: MakeServices, clock: FakeClock, database: Any
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    await create(first, project, tags="a")
    await second.project_reader.checks(project.id)
    await create(first, project, tags="b")
    await database["news"].delete_many({})  # the TTL
    clock.advance(3700)
    await second.runtime.news_listener.listen()
    assert await second.project_reader.tags(project.id) == {"a", "b"}
