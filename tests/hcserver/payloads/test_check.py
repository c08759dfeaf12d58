from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.identifiers import unique_key
from hcserver.payloads.check import check_payload, payload_holds_until

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A = UUID("11111111-2222-4333-8444-555555555555")
B = UUID("22222222-2222-4333-8444-555555555555")


def shown(version: int = 3, writable: bool = True, **fields: Any) -> dict[str, Any]:
    check = Check(id=A, project=A, created=NOW, badge=UUID(int=7), **fields)
    return check_payload(check, NOW, "https://hc.example.org", version, writable)


def test_members_have_the_order_that_clients_know() -> None:
    assert list(shown()) == [
        *("name", "slug", "tags", "desc", "grace", "n_pings", "manual_resume", "methods"),
        *("start_kw", "success_kw", "failure_kw", "filter_subject", "filter_body", "filter_http_body"),
        *("filter_default_fail", "status", "started", "last_ping", "next_ping", "subject", "subject_fail"),
        *("badge_url", "uuid", "ping_url", "update_url", "pause_url", "resume_url", "channels", "timeout"),
    ]


def test_a_read_only_key_sees_no_address_of_the_check() -> None:
    members = shown(writable=False)
    assert list(members)[-3:] == ["badge_url", "unique_key", "timeout"]
    assert str(A) not in str(members)


def test_addresses_have_the_version_of_the_request() -> None:
    members = shown(version=2)
    assert members["update_url"] == f"https://hc.example.org/api/v2/checks/{A}"
    assert members["pause_url"] == members["update_url"] + "/pause"
    assert members["ping_url"] == f"https://hc.example.org/ping/{A}"


@pytest.mark.parametrize(("version", "status"), [(1, "started"), (2, "up"), (3, "up")])
def test_a_running_check_shows_it_in_the_status_of_version_1_only(version: int, status: str) -> None:
    members = shown(version, status="up", last_ping=NOW, last_start=NOW - timedelta(seconds=5))
    assert (members["status"], members["started"]) == (status, True)


def test_a_run_is_started_for_as_long_as_it_may_take() -> None:
    start = NOW - timedelta(seconds=5000)
    running: dict[str, Any] = {"status": "up", "last_ping": NOW - timedelta(hours=2), "last_start": start}
    assert shown(1, grace=3600, **running)["status"] != "started"
    assert shown(1, grace=3600, max_runtime=7200, **running)["status"] == "started"
    check = Check(id=A, project=A, created=NOW, badge=A, max_runtime=7200, **running)
    assert payload_holds_until(check, NOW) == start + timedelta(seconds=7200)


def test_a_check_that_is_down_expects_no_ping() -> None:
    assert shown(status="down", last_ping=NOW)["next_ping"] is None
    assert shown(status="up", last_ping=NOW)["next_ping"] == "2026-03-02T12:00:00+00:00"


def test_what_older_clients_do_not_know_is_shown_only_where_it_is_used() -> None:
    used = shown(
        kw_whole_word=True, failures_before_alert=3, repeat_after=60, last_duration=1.9,
        snoozed_until=NOW + timedelta(hours=1), success_exit_statuses=(3, 24), max_runtime=7200, early=600,
        ignored_exit_statuses=(75,), min_runtime=5, successes_before_up=2,
    )  # fmt: skip
    assert {name: used[name] for name in used.keys() - shown().keys()} == {
        "kw_whole_word": True,
        "success_exit_statuses": [3, 24],
        "ignored_exit_statuses": [75],
        "max_runtime": 7200,
        "min_runtime": 5,
        "successes_before_up": 2,
        "early": 600,
        "failures_before_alert": 3,
        "repeat_after": 60,
        "last_duration": 1,
        "snoozed_until": "2026-03-01T13:00:00+00:00",
    }
    assert "snoozed_until" not in shown(snoozed_until=NOW)


def test_the_checks_on_which_it_depends_are_shown_by_what_the_key_may_see() -> None:
    check = Check(id=A, project=A, created=NOW, badge=A, depends_on=(B, A))
    assert check_payload(check, NOW, "", 3, writable=True)["depends_on"] == [str(B), str(A)]
    assert check_payload(check, NOW, "", 3, writable=False)["depends_on"] == [unique_key(B), unique_key(A)]
