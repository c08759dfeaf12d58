from __future__ import annotations

from datetime import UTC, datetime, timedelta

from handlers.pages.window_bars import window_bars
from hcserver.domain.window_preview import Opening

START = datetime(2026, 3, 1, tzinfo=UTC)


def bars(*openings: tuple[float, float]) -> str:
    """The path of the bars of openings, given in days since START."""
    spans = [Opening(START + timedelta(days=a), START + timedelta(days=b)) for a, b in openings]
    svg = window_bars(spans, START, 'open "now"')
    assert "aria-label='open \"now\"'" in svg
    return svg.partition('class="open" d="')[2].partition('"')[0]


def test_a_bar_is_where_the_window_is_open() -> None:
    assert bars((1, 2)) == "M40.0 4H80.0V16H40.0z"
    assert bars() == ""


def test_bars_are_cut_at_both_ends_and_short_ones_can_be_seen() -> None:
    assert bars((-1, 0.5)) == "M0.0 4H20.0V16H0.0z"
    assert bars((13, 20)) == "M520.0 4H560.0V16H520.0z"
    assert bars((1, 1.001)) == "M40.0 4H42.0V16H40.0z"


def test_bars_that_touch_become_one() -> None:
    assert bars((1, 2), (2, 3), (2.5, 2.6), (4, 5)) == "M40.0 4H120.0V16H40.0zM160.0 4H200.0V16H160.0z"
