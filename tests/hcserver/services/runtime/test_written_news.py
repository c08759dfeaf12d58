from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.runtime.written_news import ALIVE, CUT_OFF, LOOK_EVERY
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, pass_time, ping
from tests.hcserver.services.reading.test_project_reader import assert_equal_to_database


class Pair:
    """Two processes on one database, both of which have read all checks of a project."""

    def __init__(self, first: Services, second: Services, project: Project, clock: FakeClock) -> None:
        self.first, self.second, self.project, self._clock = first, second, project, clock

    async def exchange(self) -> None:
        """What happens within two seconds: states are written, published and heard."""
        self._clock.advance(1)
        for services in (self.first, self.second):
            await services.state_writer.flush()
        for services in (self.first, self.second) * 2:
            await services.runtime.written_news.exchange()
            await services.runtime.news_listener.listen()

    async def assert_equal(self) -> None:
        """Both answer the same, from their indexes, by single checks and from the database."""
        for services in (self.first, self.second):
            await assert_equal_to_database(services, self.project)
        expected = await self.first.project_reader.checks(self.project.id)
        assert await self.second.project_reader.checks(self.project.id) == expected
        for check in expected:
            assert await self.second.checks.get(self.project, check.id) == check


@pytest.fixture
async def pair(make_services: MakeServices, clock: FakeClock) -> Pair:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    for number in range(5):
        await create(first, project, tags="a" if number % 2 else "b")
    pair = Pair(first, second, project, clock)
    await pair.exchange()
    await pair.assert_equal()
    return pair


async def test_pings_of_another_process_are_shown_in_lists_badges_and_single_checks(pair: Pair) -> None:
    checks = await pair.first.project_reader.checks(pair.project.id)
    for check in checks:
        await ping(pair.first, check.id)
    await ping(pair.first, checks[0].id, "fail")
    await pair.exchange()
    assert (await pair.second.checks.get(pair.project, checks[0].id)).status == "down"
    assert (await pair.second.project_reader.status_counts(pair.project.id, None))["up"] == 4
    await pair.assert_equal()


async def test_pings_through_two_processes_at_once_are_shown_by_both(pair: Pair) -> None:
    checks = await pair.first.project_reader.checks(pair.project.id)
    for number in range(30):
        services = pair.first if number % 2 else pair.second
        await ping(services, checks[number % 3].id, "success" if number % 5 else "fail")
    await pair.exchange()
    await pair.exchange()
    assert [check.n_pings for check in await pair.second.project_reader.checks(pair.project.id)][:3] == [
        10
    ] * 3
    await pair.assert_equal()


async def test_checks_that_another_process_took_down_are_down(pair: Pair, clock: FakeClock) -> None:
    checks = await pair.first.project_reader.checks(pair.project.id)
    for check in checks:
        await ping(pair.first, check.id)
    await pair.exchange()
    await pass_time(pair.first, clock, 4000)
    await pair.exchange()
    assert (await pair.second.checks.get(pair.project, checks[0].id)).status == "down"
    await pair.assert_equal()


async def test_a_process_that_was_cut_off_for_a_while_reads_everything_again(
    pair: Pair, clock: FakeClock, database: Any
) -> None:
    check = (await pair.first.project_reader.checks(pair.project.id))[0]
    await ping(pair.first, check.id)
    clock.advance(CUT_OFF.total_seconds() + 1)
    await pair.first.state_writer.flush()
    await pair.first.runtime.written_news.exchange()
    await database["written"].delete_many({})  # the TTL
    await pair.second.runtime.written_news.exchange()
    await pair.assert_equal()


async def test_what_was_written_before_another_process_was_noticed_is_published(
    services: Services, make_services: MakeServices, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await services.runtime.written_news.exchange()
    second = await make_services(noticed=False)
    assert await second.project_reader.checks(project.id) == [check]
    await ping(services, check.id)
    pair = Pair(services, second, project, clock)
    await services.state_writer.flush()
    await services.runtime.written_news.exchange()  # the other one is not noticed yet
    await pair.exchange()
    await pair.assert_equal()


async def test_a_process_on_its_own_publishes_nothing_and_forgets_what_it_wrote(
    services: Services, project: Project, clock: FakeClock, database: Any
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    clock.advance(60)
    await services.runtime.written_news.exchange()
    assert services.runtime.written_news._pending == {}
    assert await database["written"].count_documents({}) == 0


async def test_states_are_written_late_only_while_no_other_process_reads_them(
    services: Services, make_services: MakeServices, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await services.state_writer.flush()
    await ping(services, check.id)
    await services.state_writer.publish(check.id)
    await ping(services, check.id)
    unwritten = services.state_writer.unwritten
    assert unwritten.next_batch(1, without_delay=False)[0] == []
    await make_services()
    await services.runtime.written_news.exchange()
    clock.advance(LOOK_EVERY)
    await services.runtime.written_news.exchange()
    async with asyncio.timeout(30):
        while unwritten:
            await asyncio.sleep(0.01)
    stored = (await services.storage.checks.load([check.id]))[check.id].check
    assert stored.n_pings == 2


def test_whoever_others_did_not_count_as_alive_reads_everything_again() -> None:
    assert CUT_OFF < ALIVE


async def test_what_could_not_be_published_is_published_later(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = (await pair.first.project_reader.checks(pair.project.id))[0]
    await ping(pair.first, check.id)
    await pair.first.state_writer.flush()

    async def away(*_: object) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(pair.first.storage.written_checks, "publish", away)
        with pytest.raises(Unavailable):
            await pair.first.runtime.written_news.exchange()
    await pair.exchange()
    await pair.assert_equal()


async def test_what_was_written_last_is_published_when_a_process_stops(pair: Pair) -> None:
    check = (await pair.first.project_reader.checks(pair.project.id))[0]
    await ping(pair.first, check.id)
    await pair.first.state_writer.flush()
    # As a server does when it stops: else its task may be about to publish the same.
    for task in reversed(pair.first.runtime.exchange):
        await task.stop()
    await pair.first.runtime.written_news.stop()
    await pair.second.runtime.written_news.exchange()
    assert (await pair.second.checks.get(pair.project, check.id)).n_pings == 1
    assert not await pair.second.storage.written_checks.has_others(pair.second.clock())


async def test_what_a_process_has_changed_is_published_when_it_stops_though_another_has_just_started(
    services: Services, make_services: MakeServices, project: Project
) -> None:
    check = await create(services, project)
    second = await make_services(noticed=False)
    assert await second.project_reader.checks(project.id) == [check]
    await ping(services, check.id)
    new = await create(services, project)
    await services.state_writer.flush()
    for task in reversed(services.runtime.exchange):
        await task.stop()
    await services.runtime.written_news.stop()
    await second.runtime.written_news.exchange()
    await second.runtime.news_listener.listen()
    assert [(one.id, one.n_pings) for one in await second.project_reader.checks(project.id)] == [
        (check.id, 1),
        (new.id, 0),
    ]


async def test_a_check_whose_written_revision_is_known_is_not_loaded_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = (await pair.first.project_reader.checks(pair.project.id))[0]
    await ping(pair.first, check.id)
    await pair.first.state_writer.flush()
    await pair.second.cache.refresh([check.id])
    known = pair.second.cache.find(check.id)
    await pair.exchange()
    assert known is not None
    assert pair.second.cache.find(check.id) is known
