from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Report
from hcserver.domain.signal import effective_signal

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ID = UUID("a7c4ba0b-9ee5-4ce1-bd15-1d4d1a2c5c3a")


def check(**fields: Any) -> Check:
    return Check(id=ID, project=ID, created=NOW, badge=ID, **fields)


def report(**fields: Any) -> Report:
    return Report(
        **{"check": ID, "at": NOW, "signal": "success", "scheme": "http", "remote_addr": "", **fields}
    )


def test_without_filters_a_report_counts_as_what_its_sender_says() -> None:
    for signal in ("success", "fail", "start", "log"):
        assert effective_signal(check(), report(signal=signal)) == (signal, None)


def test_a_method_that_is_not_accepted_is_ignored_whatever_the_body_says() -> None:
    strict = check(methods="POST", filter_http_body=True, failure_kw="bad")
    assert effective_signal(strict, report(method="GET", body=b"bad")) == ("ign", None)


def test_the_keywords_in_the_body_of_an_accepted_ping_decide() -> None:
    strict = check(methods="POST", filter_http_body=True, failure_kw="bad")
    found = Reason(signal="fail", keyword="bad", where="body")
    assert effective_signal(strict, report(method="POST", body=b"bad \xff")) == ("fail", found)


def test_an_email_brings_its_own_reason_and_has_no_method() -> None:
    strict = check(methods="POST", filter_http_body=True, failure_kw="bad")
    reason = Reason(signal="start", keyword="go", where="subject")
    mail = report(scheme="email", signal="start", reason=reason, body=b"bad")
    assert effective_signal(strict, mail) == ("start", reason)


def test_a_paused_check_with_manual_resume_ignores_everything_and_keeps_the_reason() -> None:
    paused = check(status="paused", manual_resume=True, filter_http_body=True, failure_kw="bad")
    found = Reason(signal="fail", keyword="bad", where="body")
    assert effective_signal(paused, report(body=b"bad")) == ("ign", found)
    assert effective_signal(check(status="paused"), report(signal="fail")) == ("fail", None)
