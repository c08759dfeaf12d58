"""The next two weeks of a maintenance window as a picture: a bar wherever it is open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from xml.sax.saxutils import quoteattr

from hcserver.domain.window_preview import Opening

DAYS: Final = 14
_DAY_WIDTH, _HEIGHT = 40, 20  # pixels
_WIDTH: Final = DAYS * _DAY_WIDTH
_MIN_WIDTH: Final = 2.0  # pixels of a bar, so that short openings can be seen
_BAR_TOP, _BAR_HEIGHT = 4, 12


def window_bars(openings: Iterable[Opening], start: datetime, label: str) -> str:
    """The SVG for DAYS days from `start` on. Bars that touch become one."""
    spans: list[tuple[float, float]] = []
    for opening in openings:
        left = max(_x(opening.start, start), 0.0)
        right = min(max(_x(opening.end, start), left + _MIN_WIDTH), float(_WIDTH))
        if spans and left <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(right, spans[-1][1]))
        else:
            spans.append((left, right))
    days = "".join(f"M{day * _DAY_WIDTH} 0v{_HEIGHT}" for day in range(1, DAYS))
    bars = "".join(
        f"M{left:.1f} {_BAR_TOP}H{right:.1f}V{_BAR_TOP + _BAR_HEIGHT}H{left:.1f}z" for left, right in spans
    )
    return (
        f'<svg class="days" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label={quoteattr(label)}><path class="day" d="{days}"/><path class="open" d="{bars}"/></svg>'
    )


def _x(at: datetime, start: datetime) -> float:
    return (at - start) / timedelta(days=1) * _DAY_WIDTH
