"""A check as a JSON document: what the management API answers, and what webhooks are sent."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from hcserver.domain.check import Check
from hcserver.domain.identifiers import unique_key
from hcserver.domain.status import grace_start, shown_status, shown_until

_AS_STORED = (
    *("name", "slug", "tags", "desc", "grace", "n_pings", "manual_resume", "methods"),
    *("start_kw", "success_kw", "failure_kw", "filter_subject", "filter_body"),
    *("filter_http_body", "filter_default_fail"),
)


def check_payload(check: Check, now: datetime, base_url: str, version: int, writable: bool) -> dict[str, Any]:
    """A check as this version of the API shows it to a read-write key (`writable`) or a read-only one."""
    return {
        **{name: getattr(check, name) for name in _AS_STORED},
        **_state(check, now, version),
        "subject": check.success_kw if check.filter_subject else "",
        "subject_fail": check.failure_kw if check.filter_subject else "",
        "badge_url": f"{base_url}/b/2/{check.badge}.svg",
        **_only_where_used(check, now),
        **_dependencies(check, writable),
        **(_addresses(check, base_url, version) if writable else {"unique_key": unique_key(check.id)}),
        **_expectation(check),
    }


def payload_holds_until(check: Check, now: datetime) -> datetime | None:
    """The next moment at which time alone changes the payload made at `now`; None: never."""
    run_in_time_until = check.last_start and check.last_start + timedelta(seconds=check.run_limit)
    moments = shown_until(check, now)[1], run_in_time_until, check.snoozed_until
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def _state(check: Check, now: datetime, version: int) -> dict[str, Any]:
    status = shown_status(check, now)
    return {
        "status": "started" if version == 1 and _runs_in_time(check, now) else status,
        "started": check.last_start is not None,
        "last_ping": _seconds(check.last_ping),
        "next_ping": None if status == "down" else _seconds(grace_start(check)),
    }


def _only_where_used(check: Check, now: datetime) -> dict[str, Any]:
    """Members that older clients don't know: shown only where somebody has made use of them."""
    members: dict[str, Any] = {
        name: True for name in ("kw_ignore_case", "kw_whole_word") if getattr(check, name)
    }
    optional = ("max_runtime", "min_runtime", "early")
    members |= {name: getattr(check, name) for name in optional if getattr(check, name)}
    for name in ("success_exit_statuses", "ignored_exit_statuses"):
        if statuses := getattr(check, name):
            members[name] = list(statuses)
    counts = ("failures_before_alert", "successes_before_up")
    members |= {name: getattr(check, name) for name in counts if getattr(check, name) != 1}
    if check.repeat_after:
        members["repeat_after"] = check.repeat_after
    if check.snoozed_until is not None and check.snoozed_until > now:
        members["snoozed_until"] = _seconds(check.snoozed_until)
    if check.last_duration is not None:
        members["last_duration"] = math.floor(check.last_duration)
    return members


def _dependencies(check: Check, writable: bool) -> dict[str, list[str]]:
    """On which checks it depends, where it does, by what this kind of key sees of them."""
    if not check.depends_on:
        return {}
    return {"depends_on": [str(id) if writable else unique_key(id) for id in check.depends_on]}


def _addresses(check: Check, base_url: str, version: int) -> dict[str, Any]:
    address = f"{base_url}/api/v{version}/checks/{check.id}"
    return {
        "uuid": str(check.id),
        "ping_url": f"{base_url}/ping/{check.id}",
        "update_url": address,
        "pause_url": f"{address}/pause",
        "resume_url": f"{address}/resume",
        "channels": ",".join(sorted(map(str, check.channels))),
    }


def _expectation(check: Check) -> dict[str, Any]:
    if check.kind == "simple":
        return {"timeout": check.timeout}
    return {"schedule": check.schedule, "tz": check.tz}


def _runs_in_time(check: Check, now: datetime) -> bool:
    return check.last_start is not None and now < check.last_start + timedelta(seconds=check.run_limit)


def _seconds(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
