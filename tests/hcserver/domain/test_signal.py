from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Report, Signal
from hcserver.domain.signal import effective_signal

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A = UUID(int=1)


def check(**fields: Any) -> Check:
    return Check(id=A, project=A, created=NOW, badge=A, **fields)


def report(signal: Signal = "success", **fields: Any) -> Report:
    known = {"scheme": "http", "remote_addr": "192.0.2.1", "method": "POST", **fields}
    return Report(check=A, at=NOW, signal=signal, **known)


ENDPOINTS: list[Report] = [report("start"), report("fail"), report("log")]
EXIT_STATUSES: list[Report] = [report("success", exit_status=0), report("fail", exit_status=3)]
FILTERED = {"filter_http_body": True, "success_kw": "DONE", "failure_kw": "ERROR", "start_kw": "BEGIN"}


def test_without_filters_the_endpoint_decides_and_no_reason_is_kept() -> None:
    for one in (report(), *ENDPOINTS, *EXIT_STATUSES):
        assert effective_signal(check(failure_kw="ERROR"), one) == (one.signal, None)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", ""])
def test_other_methods_than_the_wanted_one_are_ignored_before_anything_else(method: str) -> None:
    strict = check(methods="POST", **FILTERED)
    assert effective_signal(strict, report("fail", method=method, body=b"ERROR")) == ("ign", None)


def test_an_email_has_no_method() -> None:
    assert effective_signal(check(methods="POST"), report(scheme="email", method=""))[0] == "success"


@pytest.mark.parametrize(
    ("body", "signal", "keyword"),
    [(b"BEGIN", "start", "BEGIN"), (b"all DONE", "success", "DONE"), (b"DONE with ERROR", "fail", "ERROR")],
)
def test_a_keyword_in_the_body_overrides_every_endpoint(body: bytes, signal: Signal, keyword: str) -> None:
    for one in (report(), *ENDPOINTS, *EXIT_STATUSES):
        spoken = report(one.signal, exit_status=one.exit_status, body=body)
        expected = Reason(signal=signal, keyword=keyword, where="body")
        assert effective_signal(check(**FILTERED), spoken) == (signal, expected)


@pytest.mark.parametrize("default_fail", [False, True])
@pytest.mark.parametrize("fields", [FILTERED, {"filter_http_body": True}])
def test_without_a_keyword_explicit_endpoints_keep_their_meaning(
    default_fail: bool, fields: dict[str, Any]
) -> None:
    filtered = check(**fields, filter_default_fail=default_fail)
    for one in (*ENDPOINTS, *EXIT_STATUSES):
        signal, reason = effective_signal(filtered, one)
        assert signal == one.signal
        assert reason == Reason(signal=one.signal, keyword=None, where="endpoint")


@pytest.mark.parametrize(("default_fail", "signal"), [(False, "ign"), (True, "fail")])
def test_without_a_keyword_a_plain_ping_gets_the_default(default_fail: bool, signal: Signal) -> None:
    filtered = check(**FILTERED, filter_default_fail=default_fail)
    for body in (None, b"", b"\xff nothing"):
        expected = Reason(signal=signal, keyword=None, where="default")
        assert effective_signal(filtered, report(body=body)) == (signal, expected)


def test_an_email_keeps_what_it_was_classified_as() -> None:
    reason = Reason(signal="fail", keyword="bad", where="subject")
    mail = report("fail", scheme="email", reason=reason, body=b"DONE")
    assert effective_signal(check(**FILTERED), mail) == ("fail", reason)


def test_a_paused_check_that_is_resumed_by_hand_ignores_every_report() -> None:
    paused = check(status="paused", manual_resume=True)
    for one in (report(), *ENDPOINTS, *EXIT_STATUSES, report("fail", scheme="email")):
        assert effective_signal(paused, one)[0] == "ign"
    assert effective_signal(check(status="paused"), report())[0] == "success"


def test_exit_statuses_that_the_check_names_are_successes() -> None:
    lenient = check(success_exit_statuses=(3, 24))
    for status in (0, 3, 24):
        ping = report("success" if status == 0 else "fail", exit_status=status)
        assert effective_signal(lenient, ping) == ("success", None)
    for one in (report("fail", exit_status=1), *ENDPOINTS):
        assert effective_signal(lenient, one) == (one.signal, None)


def test_exit_statuses_that_the_check_ignores_are_neither_success_nor_failure() -> None:
    because = Reason(signal="ign", keyword=None, where="exit status")
    for settings in ({}, FILTERED):
        ignoring = check(success_exit_statuses=(3,), ignored_exit_statuses=(75, 99), **settings)
        for status in (75, 99):
            assert effective_signal(ignoring, report("fail", exit_status=status)) == ("ign", because)
        assert effective_signal(ignoring, report("fail", exit_status=1))[0] == "fail"
        assert effective_signal(ignoring, report("fail", exit_status=3))[0] == "success"
    found = Reason(signal="fail", keyword="ERROR", where="body")
    assert effective_signal(ignoring, report("fail", exit_status=75, body=b"ERROR")) == ("fail", found)
    posted = check(ignored_exit_statuses=(75,), methods="POST")
    assert effective_signal(posted, report("fail", exit_status=75, method="GET")) == ("ign", None)


def test_a_method_and_a_keyword_come_before_the_exit_status_and_a_pause_after_it() -> None:
    lenient = check(success_exit_statuses=(3,), methods="POST", **FILTERED)
    three = report("fail", exit_status=3)
    assert effective_signal(lenient, report("fail", exit_status=3, method="GET")) == ("ign", None)
    found = Reason(signal="fail", keyword="ERROR", where="body")
    assert effective_signal(lenient, report("fail", exit_status=3, body=b"ERROR")) == ("fail", found)
    expected = Reason(signal="success", keyword=None, where="endpoint")
    assert effective_signal(lenient, three) == ("success", expected)
    paused = check(success_exit_statuses=(3,), status="paused", manual_resume=True)
    assert effective_signal(paused, three) == ("ign", None)
