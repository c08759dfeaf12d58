from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.keywords import Rules

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
A = UUID(int=1)


def make(**fields: Any) -> Check:
    return Check(id=A, project=A, created=NOW, badge=A, **fields)


def test_the_scheduler_looks_at_a_check_at_its_earliest_deadline() -> None:
    assert make().due is None
    assert make(alert_after=NOW).due == NOW
    assert make(tell_after=NOW).due == NOW
    assert make(alert_after=LATER, tell_after=NOW).due == NOW


def test_the_rules_for_keywords_come_from_the_settings() -> None:
    assert make().rules == Rules()
    check = make(
        failure_kw="bad",
        success_kw="ok",
        start_kw="go",
        filter_default_fail=True,
        kw_ignore_case=True,
        kw_whole_word=True,
    )
    assert check.rules == Rules(
        failure="bad", success="ok", start="go", default="fail", ignore_case=True, whole_word=True
    )


def test_tags_are_separated_by_blanks_and_each_counts_once() -> None:
    assert make().tag_list() == []
    assert make(tags="  db prod\tdb x ").tag_list() == ["db", "prod", "x"]


def test_people_may_see_the_newest_pings_and_failures_that_are_kept() -> None:
    check = make(n_pings=9, log_from=7, kept_failures=(2, 4))
    assert [n for n in range(12) if check.may_show(n)] == [2, 4, 7, 8, 9]
    check = make(n_pings=9, log_from=7, kept_failures=(2, 4), cleared=3)
    assert [n for n in range(12) if check.may_show(n)] == [4, 7, 8, 9]
    check = make(n_pings=9, log_from=7, kept_failures=(2, 4), cleared=8)
    assert [n for n in range(12) if check.may_show(n)] == [9]
