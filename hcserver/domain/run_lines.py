"""The log of a check by runs: where a start and its end belong together, they are one entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from hcserver.domain.ping import Ping
from hcserver.domain.runs import RunMatcher

Outcome = Literal["success", "short", "fail", "start", "log", "ign"]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run, or a ping that belongs to none.

    `ping` is the ping that ended the run. Of a run that has not ended, or not yet, it is the start.
    """

    ping: Ping
    start: Ping | None = None  # the start that belongs to the end, if there was one
    duration: float | None = None  # seconds from start to end
    too_short: bool = False  # it succeeded too soon, by the minimum that the check has now
    first_line: str = ""  # of what the job wrote; empty where that was not read

    @property
    def outcome(self) -> Outcome:
        """How it ended. "start": it has not, as far as is known; "short": with a success, but too soon."""
        return "short" if self.too_short else self.ping.type

    @property
    def is_run(self) -> bool:
        """Whether it says something about a run. Entries of the log and ignored pings don't, unless it is the
        exit status of a run that is ignored.
        """
        return self.ping.type not in ("log", "ign") or self.ping.ignored_end


def match_runs(
    shown: Sequence[Ping], newer: Iterable[Ping] = (), older: Iterable[Ping] = (), min_runtime: int = 0
) -> list[Run]:
    """The runs that these pings show, in their order: the newest first, without gaps. One is too short that
    succeeded in less than `min_runtime` seconds.

    `newer` and `older` are the pings before and behind them, in the same order: a start whose end is among
    the newer ones is left out, and an end finds its start among the older ones.
    """
    matcher = RunMatcher(min_runtime)
    starts = {ping.n: ping for ping in shown if ping.type == "start"}
    for ping in newer:
        matcher.add(ping)
    for ping in shown:
        matcher.add(ping)
    for ping in older:
        if ping.type == "start":
            starts[ping.n] = ping
        matcher.add(ping)
    ended = set(matcher.starts.values())
    return [
        Run(
            ping=ping,
            start=starts.get(matcher.starts.get(ping.n, 0)),
            duration=matcher.durations.get(ping.n),
            too_short=ping.n in matcher.too_short,
        )
        for ping in shown
        if ping.n not in ended
    ]


def has_open_end(shown: Iterable[Ping]) -> bool:
    """Whether older pings can still have the start of a run that ended within these."""
    matcher = RunMatcher()
    for ping in shown:
        matcher.add(ping)
    return matcher.unresolved
