"""What the address of a log asks for: types, days, words, and where its page begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from handlers.pages.base import PageHandler
from hcserver.errors import InvalidRequest
from hcserver.services.reading.log_entries import TYPES, Position, Wanted

MAX_WORDS: Final = 200  # characters of what is searched for
_FIRST_YEAR, _LAST_YEAR = 1971, 9998  # of the days that can be asked for
_POSITION: Final = re.compile(r"([0-9]{1,16})-([0-9]{1,16})-([0-9]{1,16})")


class LogView(NamedTuple):
    """What the query asks for. `since` and `until` are the first and the last day."""

    types: tuple[str, ...]
    since: date | None
    until: date | None
    words: str
    position: Position

    def wanted(self, zone: ZoneInfo, hidden: Sequence[str] = ()) -> Wanted:
        """The same for the log, with the days in that zone; `hidden`: what the reader may not find."""
        return Wanted(
            types=frozenset(self.types),
            since=None if self.since is None else _midnight(self.since, zone),
            until=None if self.until is None else _midnight(self.until + timedelta(days=1), zone),
            words=self.words,
            hidden=hidden,
        )

    def link(self, position: Position | None = None, **more: str) -> str:
        """The query for this view, from a position on, or from the newest entry."""
        fields: dict[str, object] = {}
        if self.types != TYPES:
            fields["type"] = self.types
        fields |= {"from": self.since, "to": self.until, "q": self.words}
        if position is not None:
            fields["before"] = "-".join(map(str, position))
        given = {name: value for name, value in {**fields, **more}.items() if value}
        return "?" + urlencode(given, doseq=True)


def read_log_view(handler: PageHandler) -> LogView:
    """Raises InvalidRequest."""
    types = handler.get_query_arguments("type")
    if unknown := set(types) - set(TYPES):
        raise InvalidRequest(f"type must be one of {', '.join(TYPES)}, not {min(unknown)[:40]}")
    return LogView(
        types=tuple(one for one in TYPES if one in types) if types else TYPES,
        since=_day(handler, "from"),
        until=_day(handler, "to"),
        words=handler.get_query_argument("q", "")[:MAX_WORDS],
        position=_position(handler.get_query_argument("before", "")),
    )


def _day(handler: PageHandler, name: str) -> date | None:
    text = handler.get_query_argument(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidRequest(f"{name} must be a day such as 2026-01-31")
    return day


def _position(text: str) -> Position:
    if not text:
        return Position()
    match = _POSITION.fullmatch(text)
    if match is None:
        raise InvalidRequest("before must be what the link to older entries has")
    return Position(*map(int, match.groups()))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
