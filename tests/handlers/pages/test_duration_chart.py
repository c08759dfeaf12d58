from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

from handlers.pages.duration_chart import RUNS, TimedRun, chart_words, duration_chart

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_each_run_is_a_bar_as_high_as_it_took_long() -> None:
    chart = ElementTree.fromstring(duration_chart([TimedRun(AT, 10, False), TimedRun(AT, 40, True)], 3600))
    short, long = chart.iter("rect")
    assert (short.get("class"), long.get("class")) == ("s", "f")
    assert int(long.get("height", "")) > 3 * int(short.get("height", ""))
    assert "".join(long.itertext()) == "2026-03-01 12:00 UTC: 40 s, failed"
    assert list(chart.iter("path")) == []


def test_the_grace_time_is_a_line_where_runs_come_near_it() -> None:
    chart = ElementTree.fromstring(duration_chart([TimedRun(AT, 50, False)], 60))
    [line] = chart.iter("path")
    assert line.get("class") == "grace"
    assert "".join(line.itertext()) == "grace time: 1 min"


def test_the_last_hundred_runs_are_shown() -> None:
    chart = ElementTree.fromstring(duration_chart([TimedRun(AT, n, False) for n in range(150)], 60))
    assert len(list(chart.iter("rect"))) == RUNS
    assert duration_chart([], 60) == ""


def test_a_failure_has_a_mark_and_not_only_a_colour() -> None:
    chart = ElementTree.fromstring(duration_chart([TimedRun(AT, 1, False), TimedRun(AT, 1, True)], 3600))
    assert [one.get("class") for one in chart.iter("polygon")] == ["f"]


def test_the_scale_and_the_marks_are_explained() -> None:
    assert chart_words([TimedRun(AT, 0.4, False)], 3600) == "The longest took 0.4 s."
    assert chart_words([TimedRun(AT, 50, True)], 60) == (
        "The longest took 50 s. The dashed line is the grace time, 1 min. "
        "A run with a mark above it has failed."
    )
    assert chart_words([], 60) == ""


def test_the_line_is_named_after_the_limit_that_holds() -> None:
    runs = [TimedRun(AT, 50, False)]
    [line] = ElementTree.fromstring(duration_chart(runs, 120, "maximum runtime")).iter("path")
    assert "".join(line.itertext()) == "maximum runtime: 2 min"
    words = "The longest took 50 s. The dashed line is the maximum runtime, 2 min."
    assert chart_words(runs, 120, "maximum runtime") == words
