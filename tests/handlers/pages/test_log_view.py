from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from handlers.pages.log_view import LogView
from hcserver.services.reading.log_entries import TYPES, Position


def test_days_are_taken_in_the_readers_zone() -> None:
    view = LogView(TYPES, date(2026, 3, 29), date(2026, 3, 29), "words", Position())
    wanted = view.wanted(ZoneInfo("Europe/Riga"))
    assert wanted.since == datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert wanted.until == datetime(2026, 3, 29, 21, tzinfo=UTC)  # the day on which the clocks go forward
    assert wanted.words == "words"


def test_the_link_has_what_is_not_usual() -> None:
    assert LogView(TYPES, None, None, "", Position()).link() == "?"
    view = LogView(("fail", "log"), date(2026, 1, 2), None, "a b", Position())
    assert view.link(Position(1, 2, 3)) == "?type=fail&type=log&from=2026-01-02&q=a+b&before=1-2-3"
    assert view.link(zone="utc").endswith("&zone=utc")
