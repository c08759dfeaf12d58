from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.project import Project
from hcserver.domain.state_machine import record
from hcserver.errors import NotFound, Unavailable
from hcserver.services.core import Core
from hcserver.services.intake import append as append_module
from tests.hcserver.services.conftest import FakeClock, MakeCore, create, ping, report


async def test_a_ping_is_in_the_log_when_record_returns(core: Core, project: Project, database: Any) -> None:
    check = await create(core, project)
    [stored] = await core.ingestor.record([report(check.id, core.clock(), body=b"hello", ua="curl")])
    assert stored.n == 1
    document = await database["pings"].find_one({"check": check.id, "n": 1})
    assert (document["type"], document["body"], document["ua"]) == ("success", b"hello", "curl")


async def test_concurrent_pings_get_numbers_without_gaps(core: Core, project: Project) -> None:
    checks = [await create(core, project) for _ in range(3)]
    await asyncio.gather(*(ping(core, checks[i % 3].id) for i in range(150)))
    for check in checks:
        pings = await core.storage.pings.tail(check.id, 0)
        assert [one.n for one in pings] == list(range(1, 51))
        assert (await core.checks.get(project, check.id)).n_pings == 50


async def test_state_and_flips_reach_the_database(core: Core, project: Project, clock: FakeClock) -> None:
    check = await create(core, project)
    await ping(core, check.id)
    clock.advance(5)
    await ping(core, check.id, "fail")
    await core.ledger.settle(check.id)
    stored = (await core.storage.checks.load([check.id]))[check.id]
    assert (stored.check.status, stored.check.n_pings, stored.check.last_ping) == ("down", 2, clock.now)
    flips = await core.storage.flips.read(check.id)
    assert [(flip.old, flip.new, flip.reason) for flip in flips] == [
        ("up", "down", "fail"),
        ("new", "up", "ping"),
    ]


async def test_published_flips_leave_the_check_document(core: Core, project: Project, database: Any) -> None:
    check = await create(core, project)
    await ping(core, check.id)
    await core.ledger.flush()
    assert "flips" not in await database["checks"].find_one({"_id": check.id})
    assert await database["flips"].count_documents({"check": check.id}) == 1


async def test_pings_for_an_unknown_check_are_refused(core: Core) -> None:
    with pytest.raises(NotFound):
        await ping(core, uuid4())


async def test_a_deleted_check_is_left_out_of_a_report_for_several(core: Core, project: Project) -> None:
    check = await create(core, project)
    stored = await core.ingestor.record([report(uuid4(), core.clock()), report(check.id, core.clock())])
    assert [one.check for one in stored] == [check.id]


async def test_two_processes_share_the_numbers_of_a_check(make_core: MakeCore, clock: FakeClock) -> None:
    first, second = await make_core(), await make_core()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    signals: list[Any] = ["success", "fail", "start", "log", "success"]

    async def many(core: Core) -> None:
        for number in range(40):
            await ping(core, check.id, signals[number % len(signals)])

    await asyncio.gather(many(first), many(second))
    await first.ledger.flush()
    await second.ledger.flush()

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
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    append, failures = core.storage.pings.append, iter([True, False])

    async def append_and_fail(pings: Any) -> None:
        await append(pings)
        if next(failures, False):
            raise Unavailable("the answer was lost")

    monkeypatch.setattr(core.storage.pings, "append", append_and_fail)
    await asyncio.gather(*(ping(core, check.id) for _ in range(5)))
    assert (await core.checks.get(project, check.id)).n_pings == 5
    assert len(await core.storage.pings.tail(check.id, 0)) == 5


async def test_a_batch_of_which_a_part_was_stored_is_completed(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    append, failures = core.storage.pings.append, iter([True])

    async def append_half(pings: Any) -> None:
        if next(failures, False):
            await append(pings[: len(pings) // 2])
            raise Unavailable("it died in the middle")
        await append(pings)

    monkeypatch.setattr(core.storage.pings, "append", append_half)
    stored = await core.ingestor.record([report(check.id, core.clock(), ua=str(i)) for i in range(7)])
    log = await core.storage.pings.tail(check.id, 0)
    assert sorted(one.ua for one in log) == sorted(one.ua for one in stored) == [str(i) for i in range(7)]


async def test_a_report_is_refused_when_the_database_stays_away(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    monkeypatch.setattr(append_module, "PATIENCE", 0.3)
    append = core.storage.pings.append

    async def away(pings: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(core.storage.pings, "append", away)
    with pytest.raises(Unavailable):
        await ping(core, check.id)
    monkeypatch.setattr(core.storage.pings, "append", append)
    await ping(core, check.id)
    assert (await core.checks.get(project, check.id)).n_pings == 1


async def test_a_report_that_cannot_be_stored_does_not_harm_others(core: Core, project: Project) -> None:
    check = await create(core, project)
    good, bad = (report(check.id, core.clock(), ua=ua) for ua in ("fine", "\ud800"))
    outcomes = await asyncio.gather(
        core.ingestor.record([good]), core.ingestor.record([bad]), return_exceptions=True
    )
    assert not isinstance(outcomes[0], BaseException)
    assert isinstance(outcomes[1], UnicodeEncodeError)
    await ping(core, check.id)
    assert (await core.checks.get(project, check.id)).n_pings == 2


async def test_a_report_with_a_token_is_stored_once(core: Core, project: Project) -> None:
    check = await create(core, project)
    same = report(check.id, core.clock(), token=b"twelve-bytes")
    assert len(await core.ingestor.record([same])) == 1
    assert await core.ingestor.record([same]) == []
    assert (await core.checks.get(project, check.id)).n_pings == 1


async def test_a_report_with_a_token_is_stored_once_whichever_process_it_comes_to(
    make_core: MakeCore, clock: FakeClock
) -> None:
    first, second = await make_core(), await make_core()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await ping(second, check.id, token=b"another-mail")  # so that the second one has the check in memory
    same = report(check.id, clock(), token=b"twelve-bytes")
    assert len(await first.ingestor.record([same])) == 1
    await first.ledger.settle(check.id)
    assert await second.ingestor.record([same]) == []
    third = await make_core()
    assert await third.ingestor.record([same]) == []
    assert [one.token for one in await third.storage.pings.tail(check.id, 0)] == [
        b"another-mail",
        b"twelve-bytes",
    ]


async def test_a_report_that_was_stored_although_its_sender_was_refused_is_known_when_it_comes_again(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    monkeypatch.setattr(append_module, "PATIENCE", 0.2)
    append = core.storage.pings.append

    async def append_slowly_and_fail(pings: Any) -> None:
        await append(pings)
        await asyncio.sleep(0.4)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(core.storage.pings, "append", append_slowly_and_fail)
    same = report(check.id, core.clock(), token=b"twelve-bytes")
    with pytest.raises(Unavailable):
        await core.ingestor.record([same])
    monkeypatch.setattr(core.storage.pings, "append", append)
    monkeypatch.setattr(append_module, "PATIENCE", 4.5)
    assert await core.ingestor.record([same]) == []
    assert (await core.checks.get(project, check.id)).n_pings == 1


async def test_large_reports_do_not_hold_up_others_but_keep_their_checks_order(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = await create(core, project), await create(core, project)
    monkeypatch.setattr(append_module, "BULKY", 10_000)
    monkeypatch.setattr(append_module, "BULK_BYTES", 20_000)
    appended: list[str] = []
    append = core.storage.pings.append

    async def append_and_note(pings: Any) -> None:
        appended.extend(ping.ua for ping in pings)
        await append(pings)

    monkeypatch.setattr(core.storage.pings, "append", append_and_note)
    body = b"x" * 15_000
    big = [report(large.id, core.clock(), "fail", body=body, ua=f"large {n}") for n in range(4)]
    waiting = [asyncio.ensure_future(core.ingestor.record(big))]
    for ua, check in (("behind", large), ("other", small)):
        one = report(check.id, core.clock(), ua=ua)
        waiting.append(asyncio.ensure_future(core.ingestor.record([one])))
    await asyncio.gather(*waiting)
    assert appended == ["other", "large 0", "large 1", "large 2", "large 3", "behind"]
    assert not core.ingestor._behind_bulk
    assert (core.ingestor._queued_bytes, core.ingestor._bulk_bytes) == (0, 0)
    assert (await core.checks.get(project, large.id)).status == "up"


async def test_too_much_that_waits_in_large_reports_refuses_no_small_ones(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = await create(core, project), await create(core, project)
    monkeypatch.setattr(append_module, "BULKY", 10_000)
    monkeypatch.setattr(append_module, "QUEUE_BYTES", 20_000)
    big = [report(large.id, core.clock(), body=b"x" * 15_000) for _ in range(4)]
    waiting = asyncio.ensure_future(core.ingestor.record(big))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await core.ingestor.record(big[:1])
    await ping(core, small.id)
    assert len(await waiting) == 4


async def test_too_many_waiting_reports_are_refused(
    core: Core, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(core, project)
    monkeypatch.setattr(append_module, "QUEUE_REPORTS", 2)
    waiting = [asyncio.ensure_future(ping(core, check.id)) for _ in range(4)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 2


async def test_methods_comes_before_the_words_of_the_body(core: Core, project: Project) -> None:
    check = await create(core, project, methods="POST", filter_http_body=True, failure_kw="bad")
    [one] = await core.ingestor.record([report(check.id, core.clock(), method="GET", body=b"bad")])
    assert (one.type, one.reason) == ("ign", None)
    [two] = await core.ingestor.record([report(check.id, core.clock(), method="POST", body=b"bad \xff")])
    assert two.type == "fail"
    assert two.reason is not None
    assert (two.reason.keyword, two.reason.where) == ("bad", "body")


async def test_a_paused_check_with_manual_resume_ignores_everything(core: Core, project: Project) -> None:
    check = await create(core, project, manual_resume=True)
    await core.checks.pause(project, check.id)
    [one] = await core.ingestor.record([report(check.id, core.clock(), "fail")])
    assert one.type == "ign"
    assert (await core.checks.get(project, check.id)).status == "paused"
