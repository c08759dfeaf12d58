from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers.pages import display
from handlers.pages.display import FUNCTIONS
from hcserver.domain.shown_state import STATES

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def test_a_state_is_a_shape_and_a_word() -> None:
    for name in STATES:
        assert f'href="#i-{name}"' in display.state(name)
        assert display.WORDS[name] in display.state(name)


def test_a_strip_differs_by_height_and_place_not_by_colour_alone() -> None:
    strip = display.strip("sfm")
    assert 'class="s" d="M85 9h3v5h-3z"' in strip
    assert 'class="f" d="M90 0h3v14h-3z"' in strip
    assert 'class="m" d="M95 4h3v8h-3z"' in strip
    assert 'aria-label="3 runs: 1 failed, 1 missed"' in strip
    assert display.strip("") == ""


@pytest.mark.parametrize(
    ("shown", "kind", "text"),
    [
        (display.moment(NOW + timedelta(hours=4), NOW), "relative", "in 4 h"),
        (display.elapsed(NOW - timedelta(minutes=13), NOW), "elapsed", "13 min"),
        (display.remaining(NOW + timedelta(minutes=48), NOW), "remaining", "48 min"),
        (display.exact(NOW), "exact", "2026-03-01 12:00:30 UTC"),
    ],
)
def test_moments_carry_the_exact_one_for_the_script(shown: str, kind: str, text: str) -> None:
    assert f'data-time="{kind}"' in shown
    assert f">{text}</time>" in shown
    assert 'datetime="2026-03-01T' in shown


def test_text_is_escaped() -> None:
    assert display.text("<b>&") == "&lt;b&gt;&amp;"


def test_templates_can_call_every_function() -> None:
    assert all(callable(function) for function in FUNCTIONS.values())


def test_a_span_has_the_second_day_only_where_it_is_not_clear() -> None:
    short = display.span(NOW, NOW + timedelta(hours=13))
    assert (short.count('data-time="exact"'), short.count('data-time="clock"')) == (1, 1)
    assert ">2026-03-01 12:00:30 UTC</time> – <time" in short and ">01:00:30 UTC</time>" in short
    assert display.span(NOW, NOW + timedelta(days=1)).count('data-time="exact"') == 2
