"""What other settings would have made of the runs that a job has had."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from hcserver.domain.check import (
    DEFAULT_GRACE,
    DEFAULT_SCHEDULE,
    DEFAULT_TIMEOUT,
    DEFAULT_TZ,
    Check,
    CheckKind,
)
from hcserver.domain.clock import EPOCH
from hcserver.domain.runs import RunPing
from hcserver.domain.state_machine import expire, record
from hcserver.domain.status import shown_status
from hcserver.domain.words import counted


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that decide when a check is late and when it goes down. Times are in seconds."""

    kind: CheckKind = "simple"
    timeout: int = DEFAULT_TIMEOUT
    schedule: str = DEFAULT_SCHEDULE
    tz: str = DEFAULT_TZ
    grace: int = DEFAULT_GRACE
    max_runtime: int = 0
    min_runtime: int = 0
    early: int = 0


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """How the runs would have come: `late` within the grace time, `down` when the check had already gone down
    by time, `early` ahead of the time for which they would have counted; `short` ones would have ended too
    soon (None: no run can). The first run of the history is not
    counted, as it is unknown when it was expected.
    """

    runs: int
    late: int
    down: int
    short: int | None = None
    early: int = 0

    @property
    def sentence(self) -> str:
        """The result for people."""
        if not self.runs:
            return "There are no runs yet to compare with."
        last = "the last run" if self.runs == 1 else f"the last {counted(self.runs, 'run')}"
        short = "" if self.short is None else f", {self.short} too short"
        early = f"; {self.early} would have counted for the time ahead" if self.early else ""
        return f"Of {last}, {self.late} would have been late, {self.down} down{short}{early}."


def what_if(pings: Iterable[RunPing], proposal: Proposal) -> WhatIf:
    """Replays the pings, oldest first, with the proposed settings through the state machine.

    A run is judged when it ends. After a failure that was reported, or a run that was too short, the check is
    down anyway, so that the run after it is neither late nor down by time. Raises ValueError for a schedule
    or a zone that is not accepted.
    """
    check = _check(proposal)
    ends = late = down = early = short = 0
    failed = False  # by the run before
    for ping in pings:
        if ping.type in ("success", "fail"):
            ends += 1
            if ends > 1 and not failed:
                status = shown_status(check, ping.at)
                late += status == "grace"
                down += status == "down"
        passed = expire(check, ping.at).check
        check = record(passed, ping.type, ping.at, ping.rid, ignored_end=ping.ignored_end).check
        if ping.type in ("success", "fail"):
            failed = ping.type == "fail" or check.too_short
            short += check.too_short and ends > 1
        early += ends > 1 and check.early_for not in (None, passed.early_for)
    judged = short if proposal.min_runtime else None
    return WhatIf(runs=max(0, ends - 1), late=late, down=down, early=early, short=judged)


def _check(proposal: Proposal) -> Check:
    nobody = UUID(int=0)
    return Check(
        id=nobody,
        project=nobody,
        badge=nobody,
        created=EPOCH,
        kind=proposal.kind,
        timeout=proposal.timeout,
        schedule=proposal.schedule,
        tz=proposal.tz,
        grace=proposal.grace,
        max_runtime=proposal.max_runtime,
        min_runtime=proposal.min_runtime,
        early=proposal.early,
    )
