from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.domain.state_machine import record
from hcserver.errors import NotFound, Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import intake as intake_module
from hcserver.services.intake import queue as queue_module
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, ping, report


async def test_a_ping_is_in_the_log_when_record_returns(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    [stored] = await services.intake.record([report(check.id, services.clock(), body=b"hello", ua="curl")])
    assert stored.n == 1
    document = await database["pings"].find_one({"check": check.id, "n": 1})
    assert (document["type"], document["body"], document["ua"]) == ("success", b"hello", "curl")


async def test_concurrent_pings_get_numbers_without_gaps(services: Services, project: Project) -> None:
    checks = [await create(services, project) for _ in range(3)]
    await asyncio.gather(*(ping(services, checks[i % 3].id) for i in range(150)))
    for check in checks:
        pings = await services.storage.pings.tail(check.id, 0)
        assert [one.n for one in pings] == list(range(1, 51))
        assert (await services.checks.get(project, check.id)).n_pings == 50


async def test_state_and_flips_reach_the_database(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    clock.advance(5)
    await ping(services, check.id, "fail")
    await services.state_writer.settle(check.id)
    stored = (await services.storage.checks.load([check.id]))[check.id]
    assert (stored.check.status, stored.check.n_pings, stored.check.last_ping) == ("down", 2, clock.now)
    flips = await services.storage.flips.read(check.id)
    assert [(flip.old, flip.new, flip.reason) for flip in flips] == [
        ("up", "down", "fail"),
        ("new", "up", "ping"),
    ]


async def test_published_flips_leave_the_check_document(
    services: Services, project: Project, database: Any
) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    await services.state_writer.flush()
    assert "flips" not in await database["checks"].find_one({"_id": check.id})
    assert await database["flips"].count_documents({"check": check.id}) == 1


async def test_pings_for_an_unknown_check_are_refused(services: Services) -> None:
    with pytest.raises(NotFound):
        await ping(services, uuid4())


async def test_a_deleted_check_is_left_out_of_a_report_for_several(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    stored = await services.intake.record(
        [report(uuid4(), services.clock()), report(check.id, services.clock())]
    )
    assert [one.check for one in stored] == [check.id]


async def test_two_processes_share_the_numbers_of_a_check(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    signals: list[Any] = ["success", "fail", "start", "log", "success"]

    async def many(services: Services) -> None:
        for number in range(40):
            await ping(services, check.id, signals[number % len(signals)])

    await asyncio.gather(many(first), many(second))
    await first.state_writer.flush()
    await second.state_writer.flush()

    log = await first.storage.pings.tail(check.id, 0)
    assert [one.n for one in log] == list(range(1, 81))
    replayed, flips = check, []
    for one in log:
        replayed, flip = record(replayed, one.type, one.at, one.rid)
        flips += [] if flip is None else [flip]
    stored = (await first.storage.checks.load([check.id]))[check.id].check
    assert (stored.status, stored.n_pings, stored.n_flips) == (replayed.status, 80, replayed.n_flips)
    assert (stored.last_ping, stored.last_start) == (replayed.last_ping, replayed.last_start)
    assert (await first.storage.flips.read(check.id))[::-1] == flips


async def test_a_batch_that_was_stored_although_it_failed_is_not_stored_twice(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    append, failures = services.storage.pings.append, iter([True, False])

    async def append_and_fail(pings: Any) -> None:
        await append(pings)
        if next(failures, False):
            raise Unavailable("the answer was lost")

    monkeypatch.setattr(services.storage.pings, "append", append_and_fail)
    await asyncio.gather(*(ping(services, check.id) for _ in range(5)))
    assert (await services.checks.get(project, check.id)).n_pings == 5
    assert len(await services.storage.pings.tail(check.id, 0)) == 5


async def test_a_batch_of_which_a_part_was_stored_is_completed(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    append, failures = services.storage.pings.append, iter([True])

    async def append_half(pings: Any) -> None:
        if next(failures, False):
            await append(pings[: len(pings) // 2])
            raise Unavailable("it died in the middle")
        await append(pings)

    monkeypatch.setattr(services.storage.pings, "append", append_half)
    stored = await services.intake.record([report(check.id, services.clock(), ua=str(i)) for i in range(7)])
    log = await services.storage.pings.tail(check.id, 0)
    assert sorted(one.ua for one in log) == sorted(one.ua for one in stored) == [str(i) for i in range(7)]


async def test_a_report_is_refused_when_the_database_stays_away(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    monkeypatch.setattr(intake_module, "PATIENCE", 0.3)
    append = services.storage.pings.append

    async def away(pings: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(services.storage.pings, "append", away)
    with pytest.raises(Unavailable):
        await ping(services, check.id)
    monkeypatch.setattr(services.storage.pings, "append", append)
    await ping(services, check.id)
    assert (await services.checks.get(project, check.id)).n_pings == 1


async def test_a_report_that_cannot_be_stored_does_not_harm_others(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    good, bad = (report(check.id, services.clock(), ua=ua) for ua in ("fine", "\ud800"))
    outcomes = await asyncio.gather(
        services.intake.record([good]), services.intake.record([bad]), return_exceptions=True
    )
    assert not isinstance(outcomes[0], BaseException)
    assert isinstance(outcomes[1], UnicodeEncodeError)
    await ping(services, check.id)
    assert (await services.checks.get(project, check.id)).n_pings == 2


async def test_a_report_with_a_token_is_stored_once(services: Services, project: Project) -> None:
    check = await create(services, project)
    same = report(check.id, services.clock(), token=b"twelve-bytes")
    assert len(await services.intake.record([same])) == 1
    assert await services.intake.record([same]) == []
    assert (await services.checks.get(project, check.id)).n_pings == 1


async def test_a_report_with_a_token_is_stored_once_whichever_process_it_comes_to(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await ping(second, check.id, token=b"another-mail")  # so that the second one has the check in memory
    same = report(check.id, clock(), token=b"twelve-bytes")
    assert len(await first.intake.record([same])) == 1
    await first.state_writer.settle(check.id)
    assert await second.intake.record([same]) == []
    third = await make_services()
    assert await third.intake.record([same]) == []
    assert [one.token for one in await third.storage.pings.tail(check.id, 0)] == [
        b"another-mail",
        b"twelve-bytes",
    ]


async def test_a_report_that_was_stored_although_its_sender_was_refused_is_known_when_it_comes_again(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    monkeypatch.setattr(intake_module, "PATIENCE", 0.2)
    append = services.storage.pings.append

    async def append_slowly_and_fail(pings: Any) -> None:
        await append(pings)
        await asyncio.sleep(0.4)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(services.storage.pings, "append", append_slowly_and_fail)
    same = report(check.id, services.clock(), token=b"twelve-bytes")
    with pytest.raises(Unavailable):
        await services.intake.record([same])
    monkeypatch.setattr(services.storage.pings, "append", append)
    monkeypatch.setattr(intake_module, "PATIENCE", 4.5)
    assert await services.intake.record([same]) == []
    assert (await services.checks.get(project, check.id)).n_pings == 1


async def test_large_reports_do_not_hold_up_others_but_keep_their_checks_order(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = await create(services, project), await create(services, project)
    monkeypatch.setattr(queue_module, "LARGE_BYTES", 10_000)
    monkeypatch.setattr(queue_module, "LARGE_BATCH_BYTES", 20_000)
    appended: list[str] = []
    append = services.storage.pings.append

    async def append_and_note(pings: Any) -> None:
        appended.extend(ping.ua for ping in pings)
        await append(pings)

    monkeypatch.setattr(services.storage.pings, "append", append_and_note)
    body = b"x" * 15_000
    big = [report(large.id, services.clock(), "fail", body=body, ua=f"large {n}") for n in range(4)]
    waiting = [asyncio.ensure_future(services.intake.record(big))]
    for ua, check in (("behind", large), ("other", small)):
        one = report(check.id, services.clock(), ua=ua)
        waiting.append(asyncio.ensure_future(services.intake.record([one])))
    await asyncio.gather(*waiting)
    assert appended == ["other", "large 0", "large 1", "large 2", "large 3", "behind"]
    assert not services.intake._queue._checks_in_large
    assert (services.intake._queue._small_bytes, services.intake._queue._large_bytes) == (0, 0)
    assert (await services.checks.get(project, large.id)).status == "up"


async def test_too_much_that_waits_in_large_reports_refuses_no_small_ones(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = await create(services, project), await create(services, project)
    monkeypatch.setattr(queue_module, "LARGE_BYTES", 10_000)
    monkeypatch.setattr(queue_module, "QUEUE_BYTES", 20_000)
    big = [report(large.id, services.clock(), body=b"x" * 15_000) for _ in range(4)]
    waiting = asyncio.ensure_future(services.intake.record(big))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await services.intake.record(big[:1])
    await ping(services, small.id)
    assert len(await waiting) == 4


async def test_too_many_waiting_reports_are_refused(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    monkeypatch.setattr(queue_module, "QUEUE_REPORTS", 2)
    waiting = [asyncio.ensure_future(ping(services, check.id)) for _ in range(4)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 2


async def test_methods_comes_before_the_words_of_the_body(services: Services, project: Project) -> None:
    check = await create(services, project, methods="POST", filter_http_body=True, failure_kw="bad")
    [one] = await services.intake.record([report(check.id, services.clock(), method="GET", body=b"bad")])
    assert (one.type, one.reason) == ("ign", None)
    [two] = await services.intake.record(
        [report(check.id, services.clock(), method="POST", body=b"bad \xff")]
    )
    assert two.type == "fail"
    assert two.reason is not None
    assert (two.reason.keyword, two.reason.where) == ("bad", "body")


async def test_a_paused_check_with_manual_resume_ignores_everything(
    services: Services, project: Project
) -> None:
    check = await create(services, project, manual_resume=True)
    await services.check_editor.pause(project, check.id)
    [one] = await services.intake.record([report(check.id, services.clock(), "fail")])
    assert one.type == "ign"
    assert (await services.checks.get(project, check.id)).status == "paused"
