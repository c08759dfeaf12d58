"""A check: what is expected of a job, and the state that follows from its reports so far."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from hcserver.domain.keywords import Rules

Status = Literal["new", "up", "down", "paused"]
CheckKind = Literal["simple", "cron", "oncalendar"]

RunOutcome = Literal["s", "f", "m"]  # a success, a failure that was reported, a run that was missed
RECENT_RUNS = 20

DEFAULT_TIMEOUT = 86400  # seconds: one day
DEFAULT_GRACE = 3600  # seconds: one hour
DEFAULT_SCHEDULE = "* * * * *"
DEFAULT_TZ = "UTC"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: its settings, then its state. Moments are UTC, in whole milliseconds like the database's.

    How the state changes: hcserver.domain.state_machine; what it means at a moment: hcserver.domain.status.
    """

    id: UUID
    project: UUID
    created: datetime
    badge: UUID

    name: str = ""
    slug: str = ""
    tags: str = ""
    desc: str = ""
    kind: CheckKind = "simple"
    timeout: int = DEFAULT_TIMEOUT  # seconds
    grace: int = DEFAULT_GRACE  # seconds
    max_runtime: int = 0  # seconds from the start of a run to its end; 0: those of `grace`
    min_runtime: int = 0  # seconds; a success that ends a run sooner is a failure
    early: int = 0  # seconds that a ping may come before a time of the schedule and still count for it
    schedule: str = DEFAULT_SCHEDULE
    tz: str = DEFAULT_TZ
    manual_resume: bool = False
    methods: Literal["", "POST"] = ""
    success_exit_statuses: tuple[int, ...] = ()  # besides 0; in order, each once
    ignored_exit_statuses: tuple[int, ...] = ()  # none of them is a success; in order, each once
    start_kw: str = ""
    success_kw: str = ""
    failure_kw: str = ""
    filter_subject: bool = False
    filter_body: bool = False
    filter_http_body: bool = False
    filter_default_fail: bool = False
    kw_ignore_case: bool = False
    kw_whole_word: bool = False
    failures_before_alert: int = 1  # failures in a row
    successes_before_up: int = 1  # successes in a row that bring it up again when it is down
    repeat_after: int = 0  # seconds between reminders while it is down; 0: none
    snoozed_until: datetime | None = None  # nobody is notified that it is down before this moment
    channels: tuple[UUID, ...] = ()
    depends_on: tuple[UUID, ...] = ()  # checks of the project; some may have been deleted since

    status: Status = "new"
    n_pings: int = 0
    n_flips: int = 0
    flipped_at: datetime | None = None  # the moment of the last flip
    last_ping: datetime | None = None  # the last success or failure
    early_for: datetime | None = None  # the later time of the schedule for which that one counts
    last_duration: float | None = None  # seconds
    too_short: bool = False  # the last run has ended with a success before `min_runtime` was over
    last_exit_status: int | None = None  # of the last failure, if it had one
    recent_runs: str = (
        ""  # how the last RECENT_RUNS runs ended, the latest last, a letter each (see RunOutcome)
    )
    last_start: datetime | None = None  # the last start, until its run ends
    last_start_rid: UUID | None = None
    alert_after: datetime | None = None  # when it goes down by time; None: it doesn't
    successes: int = 0  # in a row, while it is down
    successes_until: datetime | None = None  # when they have to begin again, unless another one comes before
    excused_until: datetime | None = None  # no run counts as missed before this moment
    log_from: int = 1  # pings before this n have been pruned from the log
    kept_failures: tuple[int, ...] = ()  # the pings before `log_from` that are kept in the log, in order
    cleared: int = (
        0  # pings up to this n have been cleared from the log by people, and are not shown any more
    )

    n_alerts: int = 0
    failures: int = 0  # in a row
    # The last of them, if by time: when the run was due; or, if it is later, the last success that was not
    # enough to bring it up. The next run is expected after it.
    failed_at: datetime | None = None
    up_at: datetime | None = None  # since when it is up, or was before it went down
    down_at: datetime | None = None  # since when it is down
    told_at: datetime | None = None  # when people were last alerted that it is down
    down_before_pause: datetime | None = None  # while paused: since when it was down, if people were alerted
    paused_alert: int = 0  # n of the alert of the last pause; failures before it are not reported any more
    tell_after: datetime | None = None  # when, while it is down, the next alert may be due

    @property
    def due(self) -> datetime | None:
        """When the scheduler has to look at the check."""
        moments = self.alert_after, self.tell_after, self.successes_until
        return min((at for at in moments if at is not None), default=None)

    @property
    def run_limit(self) -> int:
        """The seconds that a run may take from its start to its end."""
        return self.max_runtime or self.grace

    @property
    def shown_from(self) -> int:
        """The number of the first ping that people may see, if it is in the log."""
        return max(self.log_from, self.cleared + 1)

    def may_show(self, n: int) -> bool:
        """Whether people may see the ping of this number, if it is in the log."""
        return self.shown_from <= n <= self.n_pings or (n > self.cleared and n in self.kept_failures)

    @property
    def rules(self) -> Rules:
        """How this check's emails and HTTP bodies are classified."""
        return Rules(
            failure=self.failure_kw,
            success=self.success_kw,
            start=self.start_kw,
            default="fail" if self.filter_default_fail else "ign",
            ignore_case=self.kw_ignore_case,
            whole_word=self.kw_whole_word,
        )

    def tag_list(self) -> list[str]:
        """The tags, each once, in the order given."""
        return list(dict.fromkeys(self.tags.split()))
