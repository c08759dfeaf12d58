from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.domain.words import counted, duration_in_words, listed, relative, rough_duration

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (1800, "30 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (86_400, "1 day"),
        (172_800, "2 days"),
        (90_061, "1 day 1 h 1 min 1 s"),
        (0.6, "1 s"),
    ],
)
def test_a_duration_is_told_to_the_second(seconds: float, words: str) -> None:
    assert duration_in_words(seconds) == words


@given(st.integers(1, 40_000_000))
def test_a_duration_can_be_read_back(seconds: int) -> None:
    units = {"s": 1, "min": 60, "h": 3600, "day": 86_400, "days": 86_400}
    found = re.findall(r"(\d+) (\w+)", duration_in_words(seconds))
    assert sum(int(number) * units[unit] for number, unit in found) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (819, "13 min"),
        (7139, "1 h 58 min"),
        (86_400 + 3599, "1 day"),
        (2 * 86_400 + 3 * 3600 + 59, "2 days 3 h"),
    ],
)
def test_what_has_lasted_is_cut_to_two_units(seconds: float, words: str) -> None:
    assert rough_duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (-4.9, "just now"),
        (4, "now"),
        (5, "in 5 s"),
        (-13, "13 s ago"),
        (59.7, "in 1 min"),
        (-13 * 60, "13 min ago"),
        (-59.6 * 60, "1 h ago"),
        (4 * 3600 + 600, "in 4 h"),
        (47 * 3600, "in 47 h"),
        (-47.6 * 3600, "2 days ago"),
        (30 * 86_400, "in 30 days"),
    ],
)
def test_the_distance_of_a_moment_has_one_unit(seconds: float, words: str) -> None:
    assert relative(NOW + timedelta(seconds=seconds), NOW) == words


def test_lists_and_counts() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert (counted(1, "run"), counted(0, "run"), counted(2, "run")) == ("1 run", "0 runs", "2 runs")
