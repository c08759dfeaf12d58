from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.domain.keyword_marks import Excerpt
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping, Signal
from hcserver.services.classification.dry_run import DryRun
from hcserver.services.classification.past_reports import has_text, judge, judge_email
from hcserver.services.classification.pool import Pool

RAW = b"Subject: Backup of nas\r\n\r\n3 files failed\r\n"
KEYWORDS = {"failure_kw": "failed", "success_kw": "Backup"}


def a_check(**fields: Any) -> Check:
    return Check(id=uuid4(), project=uuid4(), created=datetime.now(UTC), badge=uuid4(), **fields)


def a_ping(body: bytes | None = RAW, **fields: Any) -> Ping:
    given: dict[str, Any] = {"type": "success", "scheme": "https", **fields}
    return Ping(
        check=uuid4(), n=1, at=datetime.now(UTC), remote_addr="::1", body=body,
        body_size=len(body or b""), **given,
    )  # fmt: skip


@pytest.fixture
async def classifier() -> AsyncIterator[DryRun]:
    pool = Pool()
    yield DryRun(pool)
    await pool.close()


def test_emails_and_bodies_have_text() -> None:
    assert has_text(a_ping())
    assert has_text(a_ping(None, scheme="email"))
    assert not has_text(a_ping(None))


async def test_an_email_is_judged_by_other_rules(classifier: DryRun) -> None:
    ping = a_ping(scheme="email", subject="Backup of nas")
    judged = await judge(classifier, ping, a_check(filter_body=True, **KEYWORDS))
    assert judged.reason == Reason(signal="fail", keyword="failed", where="body")
    assert judged.excerpt is not None
    assert (judged.excerpt.before.strip(), judged.excerpt.keyword) == ("3 files", "failed")
    assert judged.subject == "Backup of nas"
    judged = await judge(classifier, ping, a_check(filter_subject=True, **KEYWORDS))
    assert (judged.signal, judged.excerpt) == (
        "success",
        Excerpt(before="", keyword="Backup", after=" of nas"),
    )


async def test_a_pasted_email_is_judged_like_one_that_came(classifier: DryRun) -> None:
    judged = await judge_email(classifier, RAW, a_check(filter_body=True, **KEYWORDS))
    assert (judged.signal, judged.reason.where) == ("fail", "body")


async def test_a_body_is_judged_by_keywords_even_of_a_paused_check(classifier: DryRun) -> None:
    check = a_check(filter_http_body=True, status="paused", manual_resume=True, methods="POST", **KEYWORDS)
    judged = await judge(classifier, a_ping(b"2 files failed"), check)
    assert judged.reason == Reason(signal="fail", keyword="failed", where="body")
    assert judged.excerpt == Excerpt(before="2 files ", keyword="failed")


async def test_a_large_body_is_judged_as_well(classifier: DryRun) -> None:
    judged = await judge(
        classifier, a_ping(b"x" * 100_000 + b" failed"), a_check(filter_http_body=True, **KEYWORDS)
    )
    assert (judged.signal, judged.excerpt and judged.excerpt.keyword) == ("fail", "failed")


@pytest.mark.parametrize(
    ("fields", "signal"),
    [
        ({"type": "success"}, "success"),
        ({"type": "log"}, "log"),
        ({"type": "fail", "exit_status": 3}, "fail"),
        # A keyword or the default has made it what it is: its address is not known any more.
        ({"type": "fail", "reason": Reason(signal="fail", keyword="x", where="body")}, "success"),
        ({"type": "ign", "reason": Reason(signal="ign", keyword=None, where="default")}, "success"),
        ({"type": "start", "reason": Reason(signal="start", keyword=None, where="endpoint")}, "start"),
        ({"type": "ign"}, "success"),
    ],
)
async def test_where_nothing_is_searched_the_address_decides(
    classifier: DryRun, fields: dict[str, Any], signal: Signal
) -> None:
    judged = await judge(classifier, a_ping(b"failed", **fields), a_check(**KEYWORDS))
    assert (judged.signal, judged.reason.where) == (signal, "unfiltered")
