"""The durations of the last runs as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from handlers.pages.log_rows import run_length
from hcserver.domain.words import rough_duration

RUNS: Final = 100
_STEP, _HEIGHT, _FOOT = 7, 96, 2  # pixels: from bar to bar, of the chart, of the shortest bar
_HEAD: Final = 10  # pixels above the bars, for the marks of those that failed
_FAR: Final = 4  # a limit longer than so many times the longest run is not drawn


class TimedRun(NamedTuple):
    """A run that has ended, with its seconds."""

    at: datetime
    seconds: float
    failed: bool


def duration_chart(runs: Sequence[TimedRun], limit: int, limit_name: str = "grace time") -> str:
    """The chart as SVG, the latest run on the right; empty without runs.

    It has a line at the limit of so many seconds: a run that takes longer takes the check down.
    """
    runs = runs[-RUNS:]
    if not runs:
        return ""
    longest = _longest(runs)
    shows_limit = _is_near(limit, longest)
    top = max(longest, limit * 1.05 if shows_limit else 0.0, 0.01)
    width = RUNS * _STEP
    bars = "".join(_bar(run, (RUNS - len(runs) + position) * _STEP, top) for position, run in enumerate(runs))
    line = _limit_line(limit, limit_name, top, width) if shows_limit else ""
    label = f"{len(runs)} runs, the longest took {run_length(longest)}"
    return (
        f'<svg class="chart" viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">'
        f"{line}{bars}</svg>"
    )


def chart_words(runs: Sequence[TimedRun], limit: int, limit_name: str = "grace time") -> str:
    """What the chart shows, in words: its scale, and what its marks mean."""
    runs = runs[-RUNS:]
    if not runs:
        return ""
    longest = _longest(runs)
    words = [f"The longest took {run_length(longest)}."]
    if _is_near(limit, longest):
        words.append(f"The dashed line is the {limit_name}, {rough_duration(limit)}.")
    if any(run.failed for run in runs):
        words.append("A run with a mark above it has failed.")
    return " ".join(words)


def _longest(runs: Sequence[TimedRun]) -> float:
    return max(run.seconds for run in runs)


def _is_near(limit: int, longest: float) -> bool:
    """Whether the limit fits into a chart of runs that took so long."""
    return limit <= _FAR * max(longest, 1.0)


def _bar(run: TimedRun, left: int, top: float) -> str:
    height = max(_FOOT, round(run.seconds / top * (_HEIGHT - _HEAD)))
    mark = f'<polygon class="f" points="{left - 1},0 {left + _STEP - 1},0 {left + _STEP / 2 - 1},7"/>'
    title = f"{run.at:%Y-%m-%d %H:%M} UTC: {run_length(run.seconds)}{', failed' if run.failed else ''}"
    return (
        f'<rect class="{"f" if run.failed else "s"}" x="{left}" y="{_HEIGHT - height}" width="{_STEP - 2}" '
        f'height="{height}"><title>{escape(title)}</title></rect>{mark if run.failed else ""}'
    )


def _limit_line(limit: int, name: str, top: float, width: int) -> str:
    y = _HEIGHT - round(limit / top * (_HEIGHT - _HEAD))
    title = f"{name}: {rough_duration(limit)}"
    return f'<path class="grace" d="M0 {y}H{width}"><title>{escape(title)}</title></path>'
