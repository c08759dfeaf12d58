"""The JSON payloads of the API: checks, pings, flips, channels and the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.domain.state_machine import grace_start, shown_status
from hcserver.services.management.channels import masked_target
from hcserver.storage.checks import unique_key

_AS_STORED = (
    *("name", "slug", "tags", "desc", "grace", "n_pings", "manual_resume", "methods"),
    *("start_kw", "success_kw", "failure_kw", "filter_subject", "filter_body"),
    *("filter_http_body", "filter_default_fail"),
)


def check_payload(check: Check, now: datetime, base_url: str, version: int, writable: bool) -> dict[str, Any]:
    """A check for a read-write key (`writable`) or for a read-only one."""
    payload: dict[str, Any] = {name: getattr(check, name) for name in _AS_STORED}
    status = shown_status(check, now)
    payload["status"] = "started" if version == 1 and _runs_in_time(check, now) else status
    payload["started"] = check.last_start is not None
    payload["last_ping"] = _seconds(check.last_ping)
    payload["next_ping"] = None if status == "down" else _seconds(grace_start(check))
    payload["subject"] = check.success_kw if check.filter_subject else ""
    payload["subject_fail"] = check.failure_kw if check.filter_subject else ""
    payload["badge_url"] = f"{base_url}/b/2/{check.badge}.svg"
    # Unknown to older clients, so only shown where somebody has switched them on.
    payload.update({name: True for name in ("kw_ignore_case", "kw_whole_word") if getattr(check, name)})
    if check.failures_before_alert != 1:
        payload["failures_before_alert"] = check.failures_before_alert
    if check.repeat_after:
        payload["repeat_after"] = check.repeat_after
    if check.snoozed_until is not None and check.snoozed_until > now:
        payload["snoozed_until"] = _seconds(check.snoozed_until)
    if check.last_duration is not None:
        payload["last_duration"] = math.floor(check.last_duration)
    if writable:
        address = f"{base_url}/api/v{version}/checks/{check.id}"
        payload["uuid"] = str(check.id)
        payload["ping_url"] = f"{base_url}/ping/{check.id}"
        payload["update_url"] = address
        payload["pause_url"] = f"{address}/pause"
        payload["resume_url"] = f"{address}/resume"
        payload["channels"] = ",".join(sorted(map(str, check.channels)))
    else:
        payload["unique_key"] = unique_key(check.id)
    if check.kind == "simple":
        payload["timeout"] = check.timeout
    else:
        payload["schedule"] = check.schedule
        payload["tz"] = check.tz
    return payload


def ping_payload(ping: Ping, durations: Mapping[int, float], base_url: str, version: int) -> dict[str, Any]:
    """A ping; `durations` in seconds by n."""
    payload: dict[str, Any] = {
        "type": ping.type,
        "date": _microseconds(ping.at),
        "n": ping.n,
        "scheme": ping.scheme,
        "remote_addr": ping.remote_addr,
        "method": ping.method,
        "ua": ping.ua,
        "rid": None if ping.rid is None else str(ping.rid),
        "body_url": None,
    }
    if ping.body_size:
        payload["body_url"] = f"{base_url}/api/v{version}/checks/{ping.check}/pings/{ping.n}/body"
    if ping.n in durations:
        payload["duration"] = durations[ping.n]
    if ping.scheme == "email":
        payload["subject"] = ping.subject
        payload["sender"] = ping.sender
    if ping.reason is not None:
        payload["reason"] = {
            "signal": ping.reason.signal,
            "keyword": ping.reason.keyword,
            "where": ping.reason.where,
        }
    return payload


def flip_payload(flip: Flip) -> dict[str, Any]:
    return {"timestamp": _seconds(flip.at), "up": int(flip.up)}


def channel_payload(channel: Channel) -> dict[str, Any]:
    """A channel in the list: what older clients know of it."""
    return {"id": str(channel.id), "name": channel.name, "kind": channel.kind}


def full_channel_payload(channel: Channel, writable: bool) -> dict[str, Any]:
    """A channel; a read-only key sees nothing secret of its target."""
    return {
        **channel_payload(channel),
        "target": channel.target if writable else masked_target(channel),
        "events": channel.events,
        "delay": channel.delay,
        "tags": channel.tags,
        "auto_assign": channel.auto_assign,
        "disabled": channel.error is not None,
        "error": channel.error,
    }


def notification_payload(notification: Notification) -> dict[str, Any]:
    return {
        "check": str(notification.check),
        "channel": str(notification.channel),
        "n": notification.n,
        "event": notification.event,
        "reason": notification.reason,
        "at": _microseconds(notification.at),
        "status": notification.status,
        "why": notification.why,
        "attempts": [
            {
                "at": _microseconds(attempt.at),
                "duration": attempt.duration,
                "status": attempt.status,
                "error": attempt.error,
            }
            for attempt in notification.attempts
        ],
    }


def window_payload(window: MaintenanceWindow) -> dict[str, Any]:
    """A window with the members of its form: once, or recurring."""
    payload: dict[str, Any] = {
        "id": str(window.id),
        "name": window.name,
        "check": None if window.check is None else str(window.check),
        "tag": window.tag,
    }
    if window.schedule:
        times = {"schedule": window.schedule, "tz": window.tz, "minutes": window.minutes}
    else:
        times = {"start": _seconds(window.start), "end": _seconds(window.end)}
    return payload | times


def project_payload(project: Project, checks_limit: int, pings_limit: int) -> dict[str, Any]:
    """A project with the limits that hold for it."""
    return {
        "id": str(project.id),
        "name": project.name,
        "created": _seconds(project.created),
        "checks_limit": checks_limit,
        "pings_limit": pings_limit,
    }


def _runs_in_time(check: Check, now: datetime) -> bool:
    return check.last_start is not None and now < check.last_start + timedelta(seconds=check.grace)


def _microseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _seconds(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
