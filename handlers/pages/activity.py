"""What has happened to all checks of a project, at /p/<project>/activity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from handlers.api.base import UUID as UUID_PATTERN
from handlers.pages.base import PageHandler, signed_in
from handlers.pages.channels import channel_title
from handlers.pages.deliveries import CAUSES, delivery
from handlers.pages.zones import ShownZone, reader_zone
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.check_filter import parse_filter
from hcserver.domain.clock import EPOCH
from hcserver.domain.flip import Flip
from hcserver.domain.shown_state import state_of
from hcserver.services.reading.activity import Activity, Entry, Kind

_PAGE: Final = 50  # entries
_DEADLINE: Final = 30.0  # seconds: a history may be long
_KINDS: Final[dict[str, tuple[str, tuple[Kind, ...]]]] = {
    "": ("Everything", ("flips", "notifications")),
    "flips": ("Changes of status", ("flips",)),
    "notifications": ("Notifications", ("notifications",)),
    "failed": ("Failed deliveries", ("failed",)),
}
_FLIP_WORDS: Final = {"up": "is up", "down": "is down", "paused": "is paused", "new": "was resumed"}


class Line(NamedTuple):
    """An entry as it is shown: when, in the reader's zone, what happened to which check, why, and where one
    reads more.
    """

    at: datetime
    check: UUID
    name: str
    words: str
    state: str
    detail: str
    channel: str  # of a notification: the channel's name
    channel_id: UUID | None


class Day(NamedTuple):
    """The entries of a day in the reader's zone, the latest first."""

    day: date
    lines: list[Line]


def make_line(
    entry: Entry, checks: Mapping[UUID, Check], channels: Mapping[UUID, Channel], zone: ShownZone
) -> Line:
    at, check = zone.local(entry.at), checks[entry.check]
    name = check.name or "A check without a name"
    if isinstance(entry, Flip):
        words = _FLIP_WORDS[entry.new]
        return Line(at, check.id, name, words, entry.new, CAUSES[entry.reason], "", None)
    one = delivery(entry)
    channel = channels[entry.channel]
    detail = f"{one.word}{': ' if one.detail else ''}{one.detail}"
    return Line(at, check.id, name, one.event, one.state, detail, channel_title(channel), channel.id)


def by_day(lines: Sequence[Line]) -> list[Day]:
    """The lines under their days; both have the latest first."""
    days: list[Day] = []
    for line in lines:
        if not days or days[-1].day != line.at.date():
            days.append(Day(line.at.date(), []))
        days[-1].lines.append(line)
    return days


class ActivityPage(PageHandler):
    """?kind= one of _KINDS, ?q= the filter of the list of checks, ?before= milliseconds of UNIX time."""

    @signed_in
    async def get(self, project_id: str) -> None:
        project = await self.open_project(project_id, "viewer")
        self.allow(_DEADLINE)
        kind, q = self.get_query_argument("kind", ""), self.get_query_argument("q", "")
        kind = kind if kind in _KINDS else ""
        wanted, now = parse_filter(q), self.services.clock()
        shown = await self.services.project_reader.shown(project.id)
        checks = {
            check.id: check for check, status in shown if wanted.matches(check, state_of(check, status))
        }
        channels = {one.id: one for one in await self.services.channels.of_project(project.id)}
        activity = Activity(self.services.storage, checks.values(), channels)
        until = now + timedelta(seconds=1)
        before = min(self._read_before() or until, until)
        found = await activity.read(_KINDS[kind][1], before, now, _PAGE)
        zone = reader_zone(self)
        await self.show(
            "activity.html",
            title="Activity",
            section="activity",
            days=by_day([make_line(entry, checks, channels, zone) for entry in found.entries]),
            zone=zone,
            looked_back_to=found.before and zone.local(found.before),
            kinds=[(name, words, urlencode({"kind": name, "q": q})) for name, (words, _) in _KINDS.items()],
            kind=kind,
            q=q,
            older=found.before and urlencode({"kind": kind, "q": q, "before": _milliseconds(found.before)}),
        )

    def _read_before(self) -> datetime | None:
        text = self.get_query_argument("before", "")
        if not (text.isascii() and text.isdigit() and len(text) < 15):
            return None
        return EPOCH + timedelta(milliseconds=int(text))


def _milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


ROUTES = [(rf"/p/{UUID_PATTERN}/activity", ActivityPage)]
