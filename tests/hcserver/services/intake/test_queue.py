from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.ping import Report
from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import queue as queue_module
from hcserver.services.intake.queue import BATCH_REPORTS, LARGE_BYTES, ReportQueue
from hcserver.services.intake.submission import Submission
from tests.hcserver.services.conftest import START, create, ping, report


async def test_large_reports_do_not_hold_up_others_but_keep_the_order_of_their_checks(
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


async def test_large_reports_that_wait_refuse_no_small_ones(
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


def queue_of(*reports: Report) -> ReportQueue:
    queue = ReportQueue()
    for number, one in enumerate(reports):
        queue.add(Submission([one], [str(number).encode()]).reports)
    return queue


def names(queue: ReportQueue) -> list[str]:
    return [queued.report.ua for queued in queue.take_batch()]


async def test_a_batch_has_no_more_reports_than_one_append_takes() -> None:
    queue = queue_of(*(report(uuid4(), START) for _ in range(BATCH_REPORTS + 1)))
    assert (len(queue.take_batch()), len(queue)) == (BATCH_REPORTS, 1)


async def test_one_large_report_is_taken_at_a_time_when_two_are_too_much() -> None:
    body = b"x" * 900_000
    queue = queue_of(*(report(uuid4(), START, body=body, ua=str(n)) for n in range(2)))
    assert [names(queue), names(queue), names(queue)] == [["0"], ["1"], []]


async def test_a_small_report_behind_a_large_one_of_its_check_waits_for_it() -> None:
    check = uuid4()
    large = report(check, START, body=b"x" * (LARGE_BYTES + 1), ua="large")
    queue = queue_of(large, report(check, START, ua="behind"), report(uuid4(), START, ua="other"))
    assert names(queue) == ["other", "large", "behind"]
    queue.add(Submission([report(check, START)], [b""]).reports)
    assert (len(queue._small), len(queue._large)) == (1, 0)


async def test_a_report_that_nobody_waits_for_any_more_is_left_out() -> None:
    queue = ReportQueue()
    given_up = Submission([report(uuid4(), START)], [b""])
    queue.add(given_up.reports)
    given_up.fail(Unavailable("too late"))
    assert queue.take_batch() == []
    assert len(queue) == 0
