from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.errors import InvalidRequest
from hcserver.validation.query import moment, number

SIX = datetime(2030, 1, 31, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "1896112800",
        "2030-01-31T18:00:00Z",
        "2030-01-31t18:00z",
        "2030-01-31T18:00:00+00:00",
        "2030-01-31T18:00:00 00:00",  # as a "+" that nobody encoded arrives
        "2030-01-31T20:00:00.000 02:00",
        "2030-01-31 13:00:00-05:00",
    ],
)
def test_a_moment_is_given_in_iso_8601_or_as_unix_seconds(text: str) -> None:
    assert moment({"start": ["0", text]}, "start") == SIX


def test_an_absent_parameter_has_no_value() -> None:
    assert moment({"end": ["0"]}, "start") is None
    assert number({"end": ["0"]}, "limit", 1, 10) is None


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "1.0", "1e5", "٣", "9" * 5000, "2030-01-31", "2030-01-31T18:00:00", "2030-02-30T18:00Z"],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    expected = r"^start is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time$"
    with pytest.raises(InvalidRequest, match=expected):
        moment({"start": [text]}, "start")


@pytest.mark.parametrize(
    ("text", "problem"),
    [("10000000001", "large"), ("9999-12-31T23:59:59Z", "large"), ("1969-12-31T23:59:59Z", "small")],
)
def test_moments_out_of_range_are_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^start is too {problem}$"):
        moment({"start": [text]}, "start")


def test_of_several_numbers_the_last_one_counts() -> None:
    assert number({"limit": ["x", "10"]}, "limit", 1, 10) == 10


@pytest.mark.parametrize("text", ["", "0", "11", "-1", "+1", "1.0", " 1", "٣", "9" * 5000])
def test_what_is_no_number_in_the_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^limit is not a number from 1 to 10$"):
        number({"limit": [text]}, "limit", 1, 10)


@given(st.text())
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    try:
        assert moment({"start": [text]}, "start") is not None
    except InvalidRequest as error:
        assert str(error).startswith("start is ")
