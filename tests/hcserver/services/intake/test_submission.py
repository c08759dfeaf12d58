from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from hcserver.domain.ping import Ping, Report
from hcserver.errors import NotFound, Unavailable
from hcserver.services.intake.submission import Submission
from tests.hcserver.services.conftest import report

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def submission(*bodies: bytes | None) -> Submission:
    reports: list[Report] = [report(uuid4(), NOW, body=body) for body in bodies]
    return Submission(reports, [str(n).encode() for n in range(len(reports))])


def stored(one: Report) -> Ping:
    return Ping(check=one.check, n=1, at=NOW, type="success", scheme="http", remote_addr="")


async def test_it_is_done_when_all_its_reports_are_settled() -> None:
    both = submission(None, None)
    first, second = both.reports
    both.settle(first, ping := stored(first.report))
    both.settle(first, ping)
    assert not both.done.done()
    assert (first.wanted, second.wanted) == (False, True)
    both.settle(second, None)
    assert await both.done == [ping]


async def test_a_report_without_a_check_is_left_out() -> None:
    both = submission(None, None)
    both.settle_without_check(both.reports[0])
    both.settle(both.reports[1], ping := stored(both.reports[1].report))
    assert await both.done == [ping]


async def test_without_any_check_it_is_refused() -> None:
    both = submission(None, None)
    for one in both.reports:
        both.settle_without_check(one)
    with pytest.raises(NotFound):
        await both.done


async def test_what_was_refused_is_not_wanted_any_more_and_the_first_answer_counts() -> None:
    one = submission(None)
    one.fail(Unavailable("away"))
    one.fail(NotFound("gone"))
    assert not one.reports[0].wanted
    one.settle(one.reports[0], None)
    with pytest.raises(Unavailable):
        await one.done


async def test_its_size_counts_bodies_and_records() -> None:
    assert submission(b"x" * 1000, None).size == 2000
