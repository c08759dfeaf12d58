"""How the pages show things: states, moments, strips of runs. The templates call these functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from handlers.pages.paths import check_path
from hcserver.domain.check import RECENT_RUNS
from hcserver.domain.identifiers import unique_key
from hcserver.domain.shown_state import ShownState
from hcserver.domain.words import counted, duration_in_words, relative, rough_duration

WORDS: Final[dict[ShownState, str]] = {
    "down": "Down",
    "late": "Late",
    "running": "Running",
    "up": "Up",
    "paused": "Paused",
    "new": "New",
}
_STEP, _WIDTH, _HEIGHT = 5, 3, 14  # pixels, of a bar in a strip
# The bars of a success, a missed run and a failure differ in height and place as well as in colour: where the
# bar begins, and its height.
_BARS: Final[dict[str, tuple[int, int]]] = {"s": (9, 5), "m": (4, 8), "f": (0, 14)}


def icon(name: str) -> str:
    """A picture of the sprite in the layout."""
    return f'<svg class="icon" aria-hidden="true"><use href="#i-{escape(name)}"/></svg>'


def text(words: str) -> str:
    """Plain text as HTML."""
    return escape(words)


def state(name: ShownState) -> str:
    """A state as shape and word."""
    return f'<span class="state {name}">{icon(name)}{WORDS[name]}</span>'


def strip(runs: str) -> str:
    """The last runs as bars, the latest on the right."""
    if not runs:
        return ""
    paths = []
    for kind, (top, height) in _BARS.items():
        bars = [
            f"M{position * _STEP} {top}h{_WIDTH}v{height}h-{_WIDTH}z"
            for position, outcome in enumerate(runs, start=RECENT_RUNS - len(runs))
            if outcome == kind
        ]
        if bars:
            paths.append(f'<path class="{kind}" d="{"".join(bars)}"/>')
    label = f"{len(runs)} runs: {runs.count('f')} failed, {runs.count('m')} missed"
    return (
        f'<svg class="strip" viewBox="0 0 98 {_HEIGHT}" width="98" height="{_HEIGHT}" role="img" '
        f"aria-label={quoteattr(label)}>{''.join(paths)}</svg>"
    )


def moment(at: datetime, now: datetime) -> str:
    """A moment as people say it ("13 min ago", "in 4 h"), with the exact one in a tooltip.

    The script keeps it up to date.
    """
    return _time(at, "relative", relative(at, now))


def elapsed(since: datetime, now: datetime) -> str:
    """How long ago a moment is ("13 min"), kept up to date by the script."""
    return _time(since, "elapsed", rough_duration((now - since).total_seconds()))


def remaining(until: datetime, now: datetime) -> str:
    """How long it is until a moment ("48 min"), kept up to date by the script."""
    return _time(until, "remaining", rough_duration((until - now).total_seconds()))


def exact(at: datetime) -> str:
    """A moment as date and time, which the script shows in the zone that the reader has chosen."""
    return _time(at, "exact", f"{at:%Y-%m-%d %H:%M:%S} UTC")


def span(begin: datetime, end: datetime) -> str:
    """From one moment to another: the day of the second is left out where its time alone is clear."""
    if end - begin < timedelta(days=1):
        return f"{exact(begin)} – {_time(end, 'clock', f'{end:%H:%M:%S} UTC')}"
    return f"{exact(begin)} – {exact(end)}"


def brief(at: datetime) -> str:
    """A moment as weekday, day and time, which the script shows in the reader's zone."""
    return _time(at, "brief", f"{at:%a %d %b %H:%M} UTC")


def _time(at: datetime, kind: str, text: str) -> str:
    return (
        f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}" data-time="{kind}" title="{at:%Y-%m-%d %H:%M:%S} UTC">'
        f"{escape(text)}</time>"
    )


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "icon": icon,
    "state": state,
    "strip": strip,
    "moment": moment,
    "elapsed": elapsed,
    "remaining": remaining,
    "exact": exact,
    "brief": brief,
    "span": span,
    "check_path": check_path,
    "counted": counted,
    "duration_in_words": duration_in_words,
    "rough_duration": rough_duration,
    "unique_key": unique_key,
}
