"""The past of a check at its source: its log of pings, its flips and its state, as ours. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hcserver.domain.check import RECENT_RUNS, Check, Status
from hcserver.domain.flip import Cause, Flip
from hcserver.domain.ping import Ping, Scheme, Signal
from hcserver.domain.state_machine import put_off
from hcserver.domain.status import with_deadline

_SAME_MOMENT = timedelta(seconds=1)  # between a failure that was reported and the flip that it caused


class SourcePing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry of the log at the source. Its number there does not matter, as ours has no gaps."""

    at: datetime
    type: Signal
    scheme: Scheme = "http"
    remote_addr: str = ""
    method: str = ""
    ua: str = ""
    rid: UUID | None = None
    exit_status: int | None = None
    body: bytes | None = None


class SourceFlip(NamedTuple):
    """A change of the status at the source."""

    at: datetime
    old: Status
    new: Status


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All that a check has been through, the oldest pings and flips first. `n_pings` counts those pings, too,
    that are not in the log any more.
    """

    created: datetime
    status: Status
    n_pings: int = 0
    last_ping: datetime | None = None
    last_start: datetime | None = None
    last_start_rid: UUID | None = None
    last_duration: float | None = None  # seconds
    pings: tuple[SourcePing, ...] = ()
    flips: tuple[SourceFlip, ...] = ()


class Limits(NamedTuple):
    """What is kept of a history."""

    pings: int
    http_body: int  # bytes
    email_body: int  # bytes
    http_part: str  # which part of the body of an HTTP ping, as in the setting limits.body_part


def pings_of(history: History, check: UUID, limits: Limits) -> list[Ping]:
    """The last pings, numbered so that the last one is the last of all that there were."""
    kept = history.pings[max(0, len(history.pings) - limits.pings) :]
    first = _count(history) - len(kept) + 1
    return [_ping(ping, check, n, limits) for n, ping in enumerate(kept, first)]


def flips_of(history: History, check: UUID) -> list[Flip]:
    """The flips, numbered from 1 on, none dated before its predecessor."""
    failures = [ping.at for ping in history.pings if ping.type == "fail"]
    flips: list[Flip] = []
    for flip in history.flips:
        if flip.old == flip.new:
            continue
        at = max(flip.at, flips[-1].at) if flips else flip.at
        reason = _cause(flip, failures)
        flips.append(Flip(check=check, n=len(flips) + 1, at=at, old=flip.old, new=flip.new, reason=reason))
    return flips


def with_history(
    check: Check, history: History, pings: Sequence[Ping], flips: Sequence[Flip], now: datetime
) -> Check:
    """A new check with its past. One that would be late by now gets its grace time again from now on.

    For a check that is down it is assumed that people were notified at the source, so that they are notified
    here when it is up again.
    """
    turned = flips[-1].at if flips else history.last_ping or history.created
    count = _count(history)
    exit_statuses = [ping.exit_status for ping in pings if ping.type == "fail"]
    grown = replace(
        check,
        created=history.created,
        status=history.status,
        n_pings=count,
        log_from=count - len(pings) + 1,
        n_flips=len(flips),
        flipped_at=flips[-1].at if flips else None,
        last_ping=history.last_ping if history.status != "new" else None,
        last_start=history.last_start,
        last_start_rid=history.last_start_rid if history.last_start else None,
        last_duration=history.last_duration,
        last_exit_status=exit_statuses[-1] if exit_statuses else None,
        recent_runs=_recent_runs(pings, flips),
    )
    if grown.status == "up" and grown.last_ping is None:
        grown = replace(grown, last_ping=turned)
    if grown.status == "up":
        grown = replace(grown, up_at=turned)
    if grown.status == "down":
        grown = replace(
            grown, failures=grown.failures_before_alert, failed_at=turned, down_at=turned, told_at=turned
        )
    return put_off(with_deadline(grown), now).check


def _count(history: History) -> int:
    return max(history.n_pings, len(history.pings))


def _ping(ping: SourcePing, check: UUID, n: int, limits: Limits) -> Ping:
    limit = limits.email_body if ping.scheme == "email" else limits.http_body
    sent = ping.body or b""
    keeps_end = limits.http_part == "end" and ping.scheme != "email"
    body = sent[max(len(sent) - limit, 0) :] if keeps_end else sent[:limit]
    cut = len(sent) - len(body)
    return Ping(
        check=check,
        n=n,
        at=ping.at,
        type=ping.type,
        scheme=ping.scheme,
        remote_addr=ping.remote_addr,
        method=ping.method,
        ua=ping.ua,
        rid=ping.rid,
        exit_status=ping.exit_status,
        body=body or None,
        body_size=len(body),
        cut_before=cut if keeps_end else 0,
        cut_after=0 if keeps_end else cut,
    )


def _cause(flip: SourceFlip, failures: Sequence[datetime]) -> Cause:
    match flip.new:
        case "up":
            return "ping"
        case "paused":
            return "pause"
        case "new":
            return "resume"
    reported = any(abs(flip.at - failure) <= _SAME_MOMENT for failure in failures)
    return "fail" if reported else "timeout"


def _recent_runs(pings: Sequence[Ping], flips: Sequence[Flip]) -> str:
    """How the last runs ended, as far as the log and the flips go back."""
    letters = {"success": "s", "fail": "f"}
    runs = [(ping.at, letters[ping.type]) for ping in pings if ping.type in letters]
    runs += [(flip.at, "m") for flip in flips if flip.reason == "timeout"]
    return "".join(letter for _, letter in sorted(runs))[-RECENT_RUNS:]
