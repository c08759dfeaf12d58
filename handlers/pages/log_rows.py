"""The rows of a log: what the templates show of pings, flips and notifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, Literal, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from handlers.pages.check_story import Notified as Told
from handlers.pages.check_story import notified
from handlers.pages.paths import check_path
from handlers.pages.zones import ShownZone
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.output import decode_output, first_line, shown_body, visible
from hcserver.domain.ping import Ping
from hcserver.domain.run_lines import Outcome, Run
from hcserver.domain.veil import Veil
from hcserver.domain.words import counted, duration_in_words
from hcserver.services.reading.log_entries import Entry, Notified

INLINE_BYTES: Final = 4000  # of a body that stands in the page of the log itself
_KILOBYTE, _MEGABYTE = 1000, 1_000_000
ICONS: Final[dict[Outcome, str]] = {
    "success": "up",
    "short": "down",
    "fail": "down",
    "start": "running",
    "log": "new",
    "ign": "new",
}
_WORDS: Final[dict[Outcome, str]] = {
    "success": "Success",
    "short": "Too short",
    "fail": "Failed",
    "start": "Started",
    "log": "Log",
    "ign": "Ignored",
}
_STATES: Final = {"new": "Is new", "up": "Came up", "down": "Went down", "paused": "Paused"}
_CAUSES: Final = {
    "ping": "by a success",
    "fail": "a failure was reported",
    "too-short": "a run finished too soon",
    "timeout": "no report came in time",
    "pause": "by hand",
    "resume": "resumed",
}
_ALERTS: Final = {
    "down": "it is down",
    "up": "it is up again",
    "start-too-long": "it runs for too long",
    "paused": "it is paused",
    "reminder": "it is still down",
}
_WHERE: Final = {
    "default": "no keyword was found",
    "unfiltered": "nothing is searched for keywords",
    "unread": "it could not be read in time",
    "endpoint": "no keyword was found, its address says so",
    "exit status": "this exit status is ignored",
}


class PingView(NamedTuple):
    """A ping as it may be shown: `origin` is how it came, `why` why it counts as what it does."""

    n: int
    path: str
    at: datetime
    word: str
    origin: str
    why: str
    is_mail: bool
    is_failure: bool
    size: str  # of its body, "" if it has none
    cut_before: str  # what is missing in front of the body, "" if nothing is
    cut_after: str  # what is missing behind it


class Row(NamedTuple):
    """A row; `id` identifies it in the page. `line` is why a check changed its state, or the first line of an
    output. `output` is a body that stands in the page itself; without it there is one to be loaded if `ping`
    has a size. `told` has HTML that display.py made. `gap` says that pings between this one and the row above
    are not kept.
    """

    id: str
    name: str
    icon: str
    word: str
    note: str
    begin: str  # the time of the start, if the row is a run that has one
    at: str
    moment: datetime
    duration: str
    line: str
    ping: PingView | None = None
    output: str | None = None
    told: Sequence[Told] = ()
    gap: str = ""


class DayRows(NamedTuple):
    """A day of the log."""

    iso: str
    heading: str
    rows: list[Row]


class RowMaker:
    """Makes the rows of one check's log for one reader."""

    def __init__(
        self, check: Check, channels: Mapping[UUID, Channel], zone: ShownZone, veil: Veil, now: datetime
    ) -> None:
        self._check = check
        self._channels = channels
        self._zone = zone
        self._veil = veil
        self._now = now

    def days(
        self, entries: Sequence[Entry], bodies: Mapping[int, bytes], gaps: Mapping[int, int]
    ) -> list[DayRows]:
        """The entries by days. The heading is for people, `iso` for the script. `gaps` are as in LogPage."""
        days = groupby(entries, key=lambda entry: self._zone.local(entry.at).date())
        return [
            DayRows(
                day.isoformat(),
                f"{day:%A}, {day.day} {day:%B %Y}",
                [self._row(one, bodies, gaps) for one in group],
            )
            for day, group in days
        ]

    def _row(self, entry: Entry, bodies: Mapping[int, bytes], gaps: Mapping[int, int]) -> Row:
        if isinstance(entry.what, Flip):
            return self._flip_row(entry.what)
        if isinstance(entry.what, Notified):
            return self._notified_row(entry.what)
        return self._run_row(entry.what, bodies, gaps)

    def _run_row(self, run: Run, bodies: Mapping[int, bytes], gaps: Mapping[int, int]) -> Row:
        ping, start = run.ping, run.start
        body = bodies.get(ping.n)
        small = None if body is None or len(body) > INLINE_BYTES else shown_body(replace(ping, body=body))
        return Row(
            id=f"n{ping.n}",
            name=run.outcome,
            icon=ICONS[run.outcome],
            word=_WORDS[run.outcome],
            note=self._note(ping),
            begin="" if start is None else self._time(start.at, ping.at),
            at=self._time(ping.at),
            moment=ping.at,
            duration="" if run.duration is None else run_length(run.duration),
            line=self._veil.text(run.first_line),
            ping=self.ping(ping, run.outcome),
            output=None if small is None else self._veil.text(visible(decode_output(small))),
            gap=_not_kept(gaps.get(ping.n, 0)),
        )

    def ping(self, ping: Ping, outcome: Outcome) -> PingView:
        """The ping as its details show it; `outcome` is that of its run."""
        clean = self._veil.text
        return PingView(
            n=ping.n,
            path=f"{check_path(ping.check)}/log/{ping.n}",
            at=ping.at,
            word=_WORDS[outcome],
            origin=clean(_origin(ping)),
            why=clean(_why(ping)),
            is_mail=ping.scheme == "email",
            is_failure=outcome in ("fail", "short"),
            size=size_in_words(ping.body_size) if ping.body_size else "",
            cut_before=missing_bytes(ping.cut_before, "before"),
            cut_after=missing_bytes(ping.cut_after, "after"),
        )

    def _note(self, ping: Ping) -> str:
        if ping.type in ("success", "fail", "ign") and ping.exit_status:
            return f"exit status {ping.exit_status}"
        if ping.type == "start":
            return "running" if self._check.last_start == ping.at else "its end was not reported"
        return ""

    def _flip_row(self, flip: Flip) -> Row:
        return Row(
            id=f"f{flip.n}",
            name="flip",
            icon=flip.new,
            word=_STATES[flip.new],
            note="",
            begin="",
            at=self._time(flip.at),
            moment=flip.at,
            duration="",
            line=_CAUSES[flip.reason],
        )

    def _notified_row(self, alert: Notified) -> Row:
        first = alert.notifications[0]
        told = notified(alert.notifications, self._channels, self._now)
        return Row(
            id=f"a{alert.n}",
            name="notified",
            icon="notified",
            word="Notified",
            note=f"that {_ALERTS[first.event]}",
            begin="",
            at=self._time(alert.at),
            moment=alert.at,
            duration="",
            line="",
            told=told,
        )

    def _time(self, at: datetime, beside: datetime | None = None) -> str:
        """The time of day, with the day if it stands beside a moment of another day."""
        local = self._zone.local(at)
        if beside is not None and self._zone.local(beside).date() != local.date():
            return f"{local:%Y-%m-%d %H:%M:%S}"
        return f"{local:%H:%M:%S}"


def run_length(seconds: float) -> str:
    """How long a run took: "4 min 30 s", below ten seconds with a tenth."""
    return f"{seconds:.1f} s" if seconds < 10 else duration_in_words(seconds)


def size_in_words(size: int) -> str:
    """A number of bytes as people say it: "900 bytes", "12 kB", "1.5 MB"."""
    if size < _KILOBYTE:
        return counted(size, "byte")
    if size < _MEGABYTE:
        return f"{size / _KILOBYTE:.0f} kB"
    return f"{size / _MEGABYTE:.1f} MB"


def _not_kept(pings: int) -> str:
    """The mark where so many pings are missing; "" if none are."""
    if not pings:
        return ""
    return f"… {pings:,} ping{' in between is' if pings == 1 else 's in between are'} no longer kept"


def missing_bytes(number: int, side: Literal["before", "after"]) -> str:
    """The mark where so many bytes of a body were cut off; "" if none were."""
    if not number:
        return ""
    what = "byte {} this was" if number == 1 else "bytes {} this were"
    return f"… {number:,} {what.format(side)} not kept"


def _origin(ping: Ping) -> str:
    if ping.scheme == "email":
        return f"email from {first_line(ping.sender or '') or 'nobody'}, by {ping.remote_addr}"
    agent = f", {first_line(ping.ua)}" if ping.ua else ""
    return f"{ping.method} over {ping.scheme.upper()} from {ping.remote_addr}{agent}"


def _why(ping: Ping) -> str:
    reason = ping.reason
    if reason is None:
        return ""
    if reason.keyword is not None:
        return f"because of the keyword “{first_line(reason.keyword)}” in the {reason.where}"
    return _WHERE.get(reason.where, "")
