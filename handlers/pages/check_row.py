"""One check in a list: what its row shows."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from handlers.pages import display
from hcserver.domain.check import Check
from hcserver.domain.check_filter import searched_text
from hcserver.domain.notification_policy import wants
from hcserver.domain.schedule_words import in_words
from hcserver.domain.shown_state import ShownState
from hcserver.domain.status import expected_at
from hcserver.domain.words import duration_in_words, rough_duration
from hcserver.services.delivery.project_settings import ProjectSettings

_NOTES: Final = 300  # characters of the notes in which the browser looks for words


class CheckRow(NamedTuple):
    """`why` says why it is down, and `next` is HTML that says what comes next.

    `silent`: see `is_silent`. `searched` is the text in which the filter looks for words.
    """

    check: Check
    state: ShownState
    schedule: str
    grace: str
    next: str
    why: str
    silent: bool
    searched: str


def make_row(check: Check, state: ShownState, settings: ProjectSettings, now: datetime) -> CheckRow:
    """The row of a check that shows this state."""
    return CheckRow(
        check=check,
        state=state,
        schedule=in_words(check.kind, check.timeout, check.schedule, check.tz),
        grace=duration_in_words(check.grace),
        next=_next(check, state, now),
        why="; ".join(filter(None, (why_down(check), recovering(check)))) if state == "down" else "",
        silent=is_silent(check, settings),
        searched=searched_text(check, _NOTES),
    )


def is_silent(check: Check, settings: ProjectSettings) -> bool:
    """Whether nobody would be notified if the check went down, though its project has channels."""
    receivers = settings.receivers(check.channels)
    return bool(settings.channels) and not any(
        wants(channel, "down", check) and channel.error is None for channel in receivers
    )


def down_since(check: Check) -> datetime | None:
    """Since when a check that shows as down is down, also where the scheduler has not come to it yet."""
    return check.down_at if check.status == "down" else check.alert_after


def why_down(check: Check) -> str:
    """Why a check that shows as down is down."""
    if check.status == "down" and check.recent_runs.rstrip("s").endswith("f"):
        if check.too_short and check.last_duration is not None:
            return f"finished too soon, after {rough_duration(check.last_duration)}"
        if check.last_exit_status:
            return f"exit status {check.last_exit_status}"
        return "failure reported" if check.recent_runs.endswith("f") else "a run failed"
    return "no report" if check.last_start is None else "the run takes too long"


def recovering(check: Check) -> str:
    """How many of the successes that bring a check up have come since it went down, if there are some."""
    if not check.successes or check.successes_before_up == 1:
        return ""
    return f"{check.successes} of {check.successes_before_up} successes since then"


def _next(check: Check, state: ShownState, now: datetime) -> str:
    match state:
        case "down":
            since = down_since(check)
            return "down" if since is None else f"down for {display.elapsed(since, now)}"
        case "late":
            return _late(check, now)
        case "running":
            assert check.last_start is not None
            return f"running for {display.elapsed(check.last_start, now)}"
        case "up":
            expected = expected_at(check)
            return "—" if expected is None else display.moment(expected, now)
        case "new":
            return "waiting for the first ping"
        case "paused":
            return "—"


def _late(check: Check, now: datetime) -> str:
    expected = expected_at(check)
    late = "late" if expected is None else f"{display.elapsed(expected, now)} late"
    if check.alert_after is None:
        return late
    return f"{late} <small>down in {display.remaining(check.alert_after, now)}</small>"
