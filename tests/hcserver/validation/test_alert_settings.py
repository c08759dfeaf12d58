"""The settings of a check that decide when people are notified."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hcserver.errors import InvalidRequest
from hcserver.validation.check import parse_spec


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_takes_them(version: int) -> None:
    data: dict[str, object] = {"failures_before_alert": 100, "repeat_after": 60, "successes_before_up": 100}
    assert parse_spec(data, version).changes == data
    assert parse_spec({"repeat_after": 0}, version).changes == {"repeat_after": 0}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("failures_before_alert", 0, "is too small"),
        ("successes_before_up", 0, "is too small"),
        ("successes_before_up", 101, "is too large"),
        ("successes_before_up", None, "is not a number"),
        ("failures_before_alert", 101, "is too large"),
        ("failures_before_alert", True, "is not a number"),
        ("repeat_after", 1, "is too small"),
        ("repeat_after", 59, "is too small"),
        ("repeat_after", -1, "is too small"),
        ("repeat_after", 31_536_001, "is too large"),
        ("repeat_after", None, "is not a number"),
    ],
)
def test_values_out_of_range_are_refused(name: str, value: object, expected: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^json validation error: {name} {expected}$"):
        parse_spec({name: value}, 3)


def test_a_snooze_is_a_moment_or_null() -> None:
    changes = parse_spec({"snoozed_until": "2030-01-31T18:00:00Z"}, 3).changes
    assert changes == {"snoozed_until": datetime(2030, 1, 31, 18, tzinfo=UTC)}
    assert parse_spec({"snoozed_until": None}, 3).changes == {"snoozed_until": None}
    with pytest.raises(InvalidRequest, match="snoozed_until is not a moment such as"):
        parse_spec({"snoozed_until": "tomorrow"}, 3)
