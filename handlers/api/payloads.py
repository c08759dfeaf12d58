"""The JSON payloads of the API: checks, pings, flips, channels and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hcserver.domain.channel import Channel
from hcserver.domain.flip import Flip
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.notification import Notification
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.notify.registry import masked_target


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
    if ping.cut_before:
        payload["body_cut_before"] = ping.cut_before
    if ping.exit_status is not None:
        payload["exit_status"] = ping.exit_status
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
        "error": channel.shown_error,
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


def _microseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _seconds(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
