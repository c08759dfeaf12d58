from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.errors import Forbidden, TooManyRequests, Unavailable
from hcserver.services.container import Services
from hcserver.services.reading import event_feeds
from hcserver.services.reading.event_feeds import OVERLAP, EventFeed, LiveEvent
from hcserver.services.reading.event_position import Position
from hcserver.services.reading.project_index import Selection
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping

EVERYTHING = Selection()


@contextmanager
def opened(services: Services, project: Project, **options: Any) -> Iterator[EventFeed]:
    with services.event_feeds.open(project.id, EVERYTHING, **options) as feed:
        yield feed


def told(events: list[LiveEvent]) -> str:
    """A letter and a number for each: p1 is the first ping of its check, f1 its first flip."""
    return " ".join(f"{'p' if isinstance(event.what, Ping) else 'f'}{event.what.n}" for event in events)


async def test_what_happens_is_told_once_and_in_its_order(services: Services, project: Project) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    with opened(services, project) as feed:
        await feed.begin(None)
        assert await feed.look() == []
        await ping(services, check.id, "log")
        await ping(services, check.id, "fail")
        assert told(await feed.look()) == "p2 p3 f2"
        assert await feed.look() == []
        new = await create(services, project)
        await ping(services, new.id)
        assert told(await feed.look()) == "p1 f1"


async def test_a_feed_is_resumed_after_a_restart(
    services: Services, project: Project, make_services: MakeServices, clock: FakeClock
) -> None:
    busy, idle = await create(services, project), await create(services, project)
    for check in (busy, idle):
        await ping(services, check.id)
    clock.advance(3600)
    with opened(services, project) as feed:
        await feed.begin(None)
        await ping(services, busy.id)
        assert told(await feed.look()) == "p2"
        position = Position.parse(str(feed.position))
    clock.advance(3600)
    await ping(services, busy.id, "fail")
    await services.state_writer.flush()
    other = await make_services()
    clock.advance(3600)
    with opened(other, project) as resumed:
        await resumed.begin(position)
        assert told(await resumed.look()) == "p2 p3 f2"  # p2 again, rather than to miss one


async def test_a_resumed_feed_goes_back_by_the_overlap_and_no_further(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    for _ in range(3):
        await ping(services, check.id, "log")
        clock.advance(OVERLAP.total_seconds() * 0.6)
    position = Position(clock(), clock())
    with opened(services, project) as feed:
        await feed.begin(position)
        assert told(await feed.look()) == "p3"


async def test_a_long_absence_is_told_piece_by_piece_and_the_position_stays_until_its_end(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feeds, "_OF_CHECK", 2)
    check = await create(services, project)
    position = Position(clock(), clock())
    clock.advance(600)
    for _ in range(5):
        await ping(services, check.id, "log")
    with opened(services, project) as feed:
        await feed.begin(position)
        pieces = []
        while feed.is_behind:
            assert feed.position == position
            pieces.append(told(await feed.look()))
        assert pieces == ["p1 p2", "p3 p4", "p5"]
        assert feed.position == (clock(), clock())


async def test_one_look_tells_no_more_than_it_may(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feeds, "_MAX_TOLD", 1)
    checks = [await create(services, project) for _ in range(3)]
    with opened(services, project) as feed:
        await feed.begin(None)
        for check in checks:
            await ping(services, check.id, "log")
        assert [told(await feed.look()) for _ in range(4)] == ["p1", "p1", "p1", ""]


async def test_nothing_is_lost_when_the_database_goes_away_during_a_look(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await create(services, project), await create(services, project)
    read = services.checks.pings

    async def half_away(check: Check, limit: int, before: int | None = None) -> list[Ping]:
        if check.id == other.id:
            raise Unavailable("away")
        return await read(check, limit, before)

    with opened(services, project) as feed:
        await feed.begin(None)
        position = feed.position
        for check in (other, one):
            await ping(services, check.id, "log")
        monkeypatch.setattr(services.checks, "pings", half_away)
        with pytest.raises(Unavailable):
            await feed.look()
        assert feed.position == position
        monkeypatch.setattr(services.checks, "pings", read)
        assert {event.check.id for event in await feed.look()} == {one.id, other.id}


async def test_a_flip_that_its_process_has_still_to_publish_is_waited_for(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    read = services.storage.flips.numbered

    async def nothing(*_: object) -> list[object]:
        return []

    with opened(services, project) as feed:
        await feed.begin(None)
        await ping(services, check.id)
        monkeypatch.setattr(services.storage.flips, "numbered", nothing)
        assert told(await feed.look()) == "p1"
        assert not feed.is_behind
        monkeypatch.setattr(services.storage.flips, "numbered", read)
        assert told(await feed.look()) == "f1"
        await ping(services, check.id, "fail")
        monkeypatch.setattr(services.storage.flips, "numbered", nothing)
        clock.advance(OVERLAP.total_seconds())
        assert told(await feed.look()) == "p2"
        monkeypatch.setattr(services.storage.flips, "numbered", read)
        assert await feed.look() == []  # flips are not kept for ever: it is not waited for


async def test_what_a_check_did_in_another_project_is_not_told(
    services: Services, project: Project, clock: FakeClock
) -> None:
    target, _ = await services.projects.create("target")
    check = await create(services, project)
    await ping(services, check.id)
    clock.advance(3600)
    with opened(services, target) as feed:
        await feed.begin(None)
        await services.check_transfer.move(project, check.id, target)
        assert await feed.look() == []
        await ping(services, check.id)
        assert told(await feed.look()) == "p2"


async def test_deleted_checks_and_dropped_indexes_do_no_harm(services: Services, project: Project) -> None:
    gone, stays = await create(services, project), await create(services, project)
    with opened(services, project) as feed:
        await feed.begin(None)
        for check in (gone, stays):
            await ping(services, check.id, "log")
        await services.check_deletion.delete(project, gone.id)
        services.cache.forget_all()
        assert [event.check.id for event in await feed.look()] == [stays.id]
        assert await feed.look() == []


async def test_only_one_check_is_told_of(services: Services, project: Project) -> None:
    one, other = await create(services, project), await create(services, project)
    with opened(services, project, only=one.id) as feed:
        await feed.begin(None)
        for check in (other, one):
            await ping(services, check.id, "log")
        assert [event.check.id for event in await feed.look()] == [one.id]


async def test_a_project_has_a_limited_number_of_feeds(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feeds, "MAX_LISTENERS", 1)
    with opened(services, project):
        with pytest.raises(TooManyRequests), opened(services, project):
            pass
        assert services.event_feeds.listeners(project.id) == 1
    assert services.event_feeds.listeners(project.id) == 0


async def test_a_project_with_too_many_checks_is_refused(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(_: object) -> None:
        return None

    monkeypatch.setattr(services.project_reader.loader, "index", none)
    with opened(services, project) as feed, pytest.raises(Forbidden, match="too many checks"):
        await feed.begin(None)
