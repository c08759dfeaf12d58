from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree

import pytest

from handlers.pages.day_strip import _BARS, day_strip, uptime_in_words
from handlers.pages.static_files import STATIC
from hcserver.domain.day_totals import Day

BEGIN = (date(2024, 3, 1) - date(1970, 1, 1)).days


def days(*seconds: float | None) -> list[Day]:
    """Days with so much downtime; None: not watched."""
    return [
        Day(BEGIN + n, int(bool(down)), down or 0, 0 if down is None else 86_400)
        for n, down in enumerate(seconds)
    ]


def strip(*seconds: float | None) -> str:
    return day_strip(days(*seconds), uptime_in_words(days(*seconds)))


def test_days_differ_in_height_as_well_as_in_colour() -> None:
    picture = ElementTree.fromstring(strip(None, 0, 60, 3601))
    assert [(path.get("class"), path.get("d")) for path in picture] == [
        ("none", "M0 23h3"),
        ("fine", "M4 19h3"),
        ("short", "M8 16h3"),
        ("long", "M12 12h3"),
    ]


def test_days_without_downtime_share_one_path() -> None:
    picture = ElementTree.fromstring(strip(*[0.0] * 90))
    [path] = picture
    assert path.get("d") == "M0 19h359"
    assert picture.get("viewBox") == "0 0 359 24"


def test_a_day_with_downtime_says_so() -> None:
    [_, path] = ElementTree.fromstring(strip(0, 780))
    assert path[0].text == "2024-03-02: down for 13 min"
    twice = day_strip([days(780)[0]._replace(times=2)], "99 %")
    assert "2024-03-01: down for 13 min, 2 times" in twice


def test_the_strip_is_summed_up_in_words() -> None:
    assert 'aria-label="2 days, 99.54 % up, 1 day with downtime"' in strip(0, 780)
    assert 'aria-label="No data yet"' in strip(None, None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([0, 0], "100 %"),
        ([0, 0.01], "99.99 %"),
        ([86_400], "0.00 %"),
        ([None], ""),
        ([None, 43_200], "50.00 %"),
    ],
)
def test_uptime_is_rounded_down(seconds: list[float | None], words: str) -> None:
    assert uptime_in_words(days(*seconds)) == words


def test_the_style_sheet_has_the_same_heights() -> None:
    sheet = STATIC.joinpath("public.css").read_text()
    heights = dict(re.findall(r"\.history \.(\w+) \{ stroke: [^;]+; stroke-width: (\d+)", sheet))
    assert {look: int(height) for look, height in heights.items()} == _BARS
    assert "stroke-dasharray: 3 1" in sheet
