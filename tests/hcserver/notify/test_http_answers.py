from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hcserver.notify.http_answers import FEW_ATTEMPTS, is_transient, max_attempts, seconds_to_wait

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [301, 303, 307, 308, 404, 408, 425, 429, 500, 502, 503, 504, 507, 599])
def test_these_answers_may_be_different_at_the_next_attempt(status: int) -> None:
    assert is_transient(status)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 410, 413, 422])
def test_these_answers_are_final(status: int) -> None:
    assert not is_transient(status)


def test_not_found_and_redirects_are_tried_a_few_times_only() -> None:
    assert max_attempts(404) == max_attempts(301) == max_attempts(308) == FEW_ATTEMPTS
    assert max_attempts(503) is max_attempts(429) is max_attempts(None) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120.0),
        ("Sunday, 01-Mar-26 12:02:00 GMT", 120.0),
        ("Sun Mar  1 12:02:00 2026", 120.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 12:01:00 -0000", 60.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float) -> None:
    assert seconds_to_wait(429, value, NOW) == seconds
    assert seconds_to_wait(503, value, NOW) == seconds


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "1e9", "٣", "9" * 5000, "Sun, 99 Mar 2026 12:02 GMT", "\0"]
)
def test_a_retry_after_that_can_not_be_read_is_ignored(value: str) -> None:
    assert seconds_to_wait(429, value, NOW) is None


def test_retry_after_counts_only_where_it_asks_for_a_later_attempt() -> None:
    assert seconds_to_wait(301, "120", NOW) is None
    assert seconds_to_wait(500, "120", NOW) is None
