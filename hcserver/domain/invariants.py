"""What must be true of a stored check, its log of pings and its flips, whatever has happened to it.

The whole state can't be computed anew from the log: old pings are pruned, and changes of settings are not in
it. But its end, together with the last flips, settles the last ping, the status and the deadline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.ping import Signal
from hcserver.domain.status import with_deadline

# Moments are compared only where they are this far apart: the clocks of servers may differ a little, so that
# the order of moments need not be that in which things happened.
CLOCKS = timedelta(minutes=5)


class LoggedPing(msgspec.Struct, frozen=True, gc=False):
    """A ping without what it says."""

    n: int
    at: datetime
    type: Signal


class LogSummary(msgspec.Struct):
    """The pings in the log of a check, in any order."""

    count: int = 0
    first: int = 0
    last: int = 0
    end: LoggedPing | None = None  # the newest success or failure

    def add(self, ping: LoggedPing) -> None:
        self.first = ping.n if not self.count else min(self.first, ping.n)
        self.last = max(self.last, ping.n)
        self.count += 1
        if ping.type in ("success", "fail") and (self.end is None or ping.n > self.end.n):
            self.end = ping

    @property
    def missing(self) -> int:
        """How many numbers are missing between the first and the last."""
        return self.last - self.first + 1 - self.count if self.count else 0

    def without_kept_failures(self, check: Check) -> LogSummary:
        """The same from the check's `log_from` on, if its log has all of its kept failures."""
        if not check.kept_failures:
            return self
        end = None if self.end is None or self.end.n < check.log_from else self.end
        return LogSummary(self.count - len(check.kept_failures), check.log_from, self.last, end)


class FlipSummary(msgspec.Struct):
    """The flips of a check, in any order."""

    count: int = 0
    first: int = 0
    last: Flip | None = None
    by_people: Flip | None = None  # the newest pause or resume

    def add(self, flip: Flip) -> None:
        self.first = flip.n if not self.count else min(self.first, flip.n)
        self.count += 1
        if self.last is None or flip.n > self.last.n:
            self.last = flip
        if flip.reason in ("pause", "resume") and (self.by_people is None or flip.n > self.by_people.n):
            self.by_people = flip

    @property
    def missing(self) -> int:
        """How many numbers are missing between the first and the last."""
        return 0 if self.last is None else self.last.n - self.first + 1 - self.count


def summary_of_log(pings: Iterable[LoggedPing]) -> LogSummary:
    summary = LogSummary()
    for ping in pings:
        summary.add(ping)
    return summary


def behind_kept_failures(pings: Sequence[LoggedPing]) -> Sequence[LoggedPing]:
    """The pings of a log, in order, from where it has no gaps on. In front of a gap only failures may be:
    pruning that keeps them was cut short, and the next pruning goes on with it.
    """
    start = 0
    for index in range(1, len(pings)):
        if pings[index - 1].type != "fail":
            break
        if pings[index].n != pings[index - 1].n + 1:
            start = index
    return pings[start:]


def summary_of_flips(flips: Iterable[Flip]) -> FlipSummary:
    summary = FlipSummary()
    for flip in flips:
        summary.add(flip)
    return summary


def is_behind(check: Check, log: LogSummary) -> bool:
    """Whether the log has pings that the check does not count yet, as is usual for a moment."""
    return log.last > check.n_pings


def faults(check: Check, due: datetime | None, log: LogSummary, flips: FlipSummary) -> Iterator[str]:
    """What is wrong, in sentences. `due` is when the scheduler finds the check.

    `log` has the pings from `check.shown_from` on: older ones may be missing.
    """
    yield from _faults_of_log(check, log)
    if due != check.due:
        yield f"the scheduler looks at it at {_shown(due)} instead of {_shown(check.due)}"
    deadline = with_deadline(check).alert_after
    # The time of a schedule may have moved since: newer rules of its time zone may have been installed.
    if (deadline is None) != (check.alert_after is None) or (
        check.kind == "simple" and deadline != check.alert_after
    ):
        yield f"it goes down at {_shown(check.alert_after)} instead of {_shown(deadline)}"
    if flips.missing:
        yield f"{flips.missing} of its flips from number {flips.first} on are missing"
    if not is_behind(check, log):
        yield from _faults_of_status(check, flips)
        yield from _faults_of_replay(check, log, flips)


def _faults_of_log(check: Check, log: LogSummary) -> Iterator[str]:
    if log.missing:
        yield f"{log.missing} pings between numbers {log.first} and {log.last} are missing in its log"
    elif log.count and log.first > check.n_pings + 1:
        yield f"its log goes on with ping {log.first}, but the check counts {check.n_pings} pings"
    elif log.last < check.n_pings >= check.shown_from:
        yield f"its log ends with ping {log.last}, but the check counts {check.n_pings} pings"


def _faults_of_status(check: Check, flips: FlipSummary) -> Iterator[str]:
    last = flips.last
    if last is None:
        return
    if last.n != check.n_flips:
        yield f"its last flip has number {last.n}, but the check counts {check.n_flips} flips"
    elif last.new != check.status:
        yield f"its status is {check.status}, but its last flip made it {last.new}"
    elif last.at != check.flipped_at:
        yield f"its last flip was at {_shown(last.at)}, but the check says {_shown(check.flipped_at)}"


def _faults_of_replay(check: Check, log: LogSummary, flips: FlipSummary) -> Iterator[str]:
    """What the newest success or failure has made of the check, unless people have paused or resumed it."""
    ping, by_people, last = log.end, flips.by_people, flips.last
    if ping is None or check.status == "paused":
        return
    if by_people is not None and ping.at - by_people.at <= CLOCKS:
        return
    if check.last_ping != ping.at:
        yield f"its last ping was at {_shown(ping.at)}, but the check says {_shown(check.last_ping)}"
    has_failed = ping.type == "fail" or check.too_short
    if has_failed and check.status != "down":
        yield f"its status is {check.status}, but ping {ping.n} was a failure"
    if not has_failed and check.last_start is None and check.status != "up":
        late = last is not None and last.reason == "timeout" and ping.at - last.at <= CLOCKS
        is_one_of_several = check.failed_at is not None and check.failed_at >= ping.at
        if not late and not is_one_of_several:
            yield f"its status is {check.status}, but ping {ping.n} was a success"


def _shown(moment: datetime | None) -> str:
    return "no time" if moment is None else moment.isoformat(timespec="milliseconds")
