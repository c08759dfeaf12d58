from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.services.classification.dry_run import DryRun, dry_run
from hcserver.services.classification.pool import Pool

RAW = b"Subject: Backup of nas\r\n\r\n3 files failed\r\n"


def a_check(**fields: Any) -> Check:
    return Check(id=uuid4(), project=uuid4(), created=datetime.now(UTC), badge=uuid4(), **fields)


@pytest.fixture
async def runs() -> AsyncIterator[DryRun]:
    pool = Pool()
    yield DryRun(pool)
    await pool.close()


def test_what_is_not_searched_is_not_shown() -> None:
    result = dry_run(RAW, a_check(filter_subject=True, success_kw="backup", kw_ignore_case=True))
    assert (result.reason.signal, result.subject, result.text) == ("success", "Backup of nas", None)
    result = dry_run(RAW, a_check(filter_body=True, failure_kw="failed"))
    assert (result.reason.signal, result.subject) == ("fail", None)
    assert result.text is not None
    assert result.text.split() == ["3", "files", "failed"]


def test_without_filters_every_email_is_a_success_and_nothing_is_shown() -> None:
    result = dry_run(RAW, a_check())
    assert (result.reason.signal, result.subject, result.text, result.complete) == (
        "success",
        None,
        None,
        True,
    )


@pytest.mark.parametrize("raw", [RAW, b"", b"\0\xff" * 100, RAW * 5000])
async def test_the_pool_gives_the_same_result_as_this_process(runs: DryRun, raw: bytes) -> None:
    check = a_check(filter_subject=True, filter_body=True, failure_kw="failed", success_kw="nas")
    assert await runs.classify(raw, check) == dry_run(raw, check)
