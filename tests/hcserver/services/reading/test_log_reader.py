from __future__ import annotations

from uuid import uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.project import Project
from hcserver.domain.run_lines import Run
from hcserver.services.container import Services
from hcserver.services.reading import log_reader
from hcserver.services.reading.log_entries import Notified, Position, Wanted
from hcserver.services.reading.log_reader import LogPage
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.storage.contract.records import a_notification

ALL = Wanted()


async def read(
    services: Services, project: Project, check: Check, wanted: Wanted = ALL, position: Position | None = None
) -> LogPage:
    check = await services.cache.get(check.id)
    return await services.log_reader.page(check, project, wanted, position or Position())


async def read_all(services: Services, project: Project, check: Check, wanted: Wanted = ALL) -> list[str]:
    """Every entry, page by page."""
    position: Position | None = Position()
    names: list[str] = []
    while position is not None:
        page = await read(services, project, check, wanted, position)
        assert page.next != position
        names += labels(page)
        position = page.next
    return names


def labels(page: LogPage) -> list[str]:
    names = []
    for entry in page.entries:
        match entry.what:
            case Run(ping=ping):
                names.append(f"{ping.type} {ping.n}")
            case Flip(n=n):
                names.append(f"flip {n}")
            case Notified(n=n, notifications=notifications):
                names.append(f"notified {n} x{len(notifications)}")
    return names


async def history(services: Services, project: Project, clock: FakeClock) -> Check:
    """A success, a failure of which two channels were notified, a run."""
    check = await create(services, project)
    await ping(services, check.id)
    clock.advance(60)
    await ping(services, check.id, "fail", body=b"disk full")
    at = clock()
    await services.storage.notifications.add(
        [a_notification(check=check.id, n=1, at=at, channel=uuid4(), due=None) for _ in range(2)]
    )
    clock.advance(60)
    await ping(services, check.id, "start")
    clock.advance(60)
    await ping(services, check.id, body=b"fine")
    return check


EVERYTHING = ["success 4", "flip 3", "fail 2", "flip 2", "notified 1 x2", "success 1", "flip 1"]


async def test_the_three_streams_are_one(services: Services, project: Project, clock: FakeClock) -> None:
    check = await history(services, project, clock)
    page = await read(services, project, check)
    assert labels(page) == EVERYTHING
    assert page.next is None
    assert page.bodies == {2: b"disk full", 4: b"fine"}
    first = page.entries[0].what
    assert isinstance(first, Run)
    assert (first.duration, first.first_line) == (60.0, "fine")


@pytest.mark.parametrize("rows", [1, 2, 3, 6])
async def test_pages_of_any_size_show_the_same(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(log_reader, "ROWS", rows)
    check = await history(services, project, clock)
    assert await read_all(services, project, check) == EVERYTHING


@pytest.mark.parametrize("scanned", [1, 2])
async def test_little_work_at_a_time_shows_the_same(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, scanned: int
) -> None:
    for name in ("SCANNED", "_AT_ONCE"):
        monkeypatch.setattr(log_reader, name, scanned)
    check = await history(services, project, clock)
    assert sorted(await read_all(services, project, check)) == sorted(EVERYTHING)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(types=frozenset({"start"})), ["start 3"]),
        (Wanted(types=frozenset({"fail", "start"})), ["start 3", "fail 2"]),
        (Wanted(types=frozenset({"flips"})), ["flip 3", "flip 2", "flip 1"]),
        (Wanted(types=frozenset({"notifications"})), ["notified 1 x2"]),
        (Wanted(types=frozenset()), []),
        (Wanted(words="DISK"), ["fail 2"]),
        (Wanted(words="f"), ["success 4", "fail 2"]),
    ],
)
async def test_entries_are_filtered(
    services: Services, project: Project, clock: FakeClock, wanted: Wanted, found: list[str]
) -> None:
    check = await history(services, project, clock)
    assert await read_all(services, project, check, wanted) == found


async def test_entries_are_filtered_by_their_moments(
    services: Services, project: Project, clock: FakeClock
) -> None:
    begin = clock()
    check = await history(services, project, clock)
    middle = Wanted(since=begin.replace(minute=1), until=begin.replace(minute=2))
    assert await read_all(services, project, check, middle) == ["fail 2", "flip 2", "notified 1 x2"]
    assert await read_all(services, project, check, Wanted(until=begin)) == []
    assert await read_all(services, project, check, Wanted(since=clock.advance(1))) == []


async def test_a_search_stops_when_it_has_read_enough(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SEARCHED_BYTES", "BATCH_BYTES"):
        monkeypatch.setattr(log_reader, name, 10)
    check = await create(services, project)
    for _ in range(5):
        await ping(services, check.id, body=b"needle 8")
    page = await read(services, project, check, Wanted(words="needle"))
    assert labels(page) == ["success 5", "success 4"]
    assert page.looked_back_to is not None
    assert page.next is not None
    assert page.next.ping == 4
    assert await read_all(services, project, check, Wanted(words="needle")) == [
        f"success {n}" for n in (5, 4, 3, 2, 1)
    ]


async def test_outputs_that_take_too_long_to_search_are_counted(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_long(*args: object) -> None:
        return None

    monkeypatch.setattr(services.log_reader.contents, "search", too_long)
    check = await create(services, project)
    await ping(services, check.id, body=b"needle")
    page = await read(services, project, check, Wanted(words="needle"))
    assert (labels(page), page.unread) == ([], 1)


async def test_only_pings_that_are_kept_are_shown(services: Services, project: Project) -> None:
    await services.projects.limit(project, None, 2)
    project = await services.projects.find("main")
    check = await create(services, project)
    for _ in range(5):
        await ping(services, check.id)
    wanted = Wanted(types=frozenset({"success"}))
    assert await read_all(services, project, check, wanted) == ["success 5", "success 4"]


async def test_many_notifications_come_in_pages(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "NOTIFICATIONS", 3)
    check = await create(services, project)
    for n in range(1, 6):
        at = clock.advance(60)
        await services.storage.notifications.add(
            [a_notification(check=check.id, n=n, at=at, channel=uuid4(), due=None) for _ in range(2)]
        )
    assert await read_all(services, project, check) == [f"notified {n} x2" for n in (5, 4, 3, 2, 1)]


async def test_flips_that_are_not_kept_any_more_are_not_looked_for(
    services: Services, project: Project, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "_AT_ONCE", 2)
    monkeypatch.setattr(log_reader, "SCANNED", 6)
    check = await create(services, project)
    for index in range(20):
        clock.advance(60)
        await ping(services, check.id, "fail" if index % 2 else "success")
    await services.state_writer.settle(check.id)
    assert [some async for some in services.storage.flips.prune(check.id, clock(), 19)]
    page = await read(services, project, check, Wanted(types=frozenset({"flips"})))
    assert labels(page) == ["flip 20", "flip 19"]
    assert page.next is not None  # for the sake of the pings
    assert page.next.flip == 1
