"""The jobs and heartbeats in a cronitor.yaml, the file in which Cronitor's monitors are described."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from hcserver.domain.slug import slugify
from hcserver.errors import HcError
from hcserver.services.importing.source import Source, SourceCheck
from hcserver.validation.check import MAX_SECONDS, MIN_SECONDS

_MONITORED: Final = ("jobs", "job", "heartbeats", "heartbeat", "events", "event")
_OTHERS: Final = ("checks", "check", "synthetics", "synthetic")  # requests that Cronitor makes
_EVERY: Final = re.compile(r"(?:every\s+)?(\d*)\s*(second|minute|hour|day|week)s?", re.IGNORECASE)
_DURATION: Final = re.compile(
    r"metric\.duration\s*([<>])=?\s*(\d{1,9})\s*(sec|second|min|minute|hour|day)s?", re.IGNORECASE
)
_SECONDS: Final = {"sec": 1, "min": 60, "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_DEFAULT_LIST: Final = "default"  # of people to notify, which every account has


class _Notify(msgspec.Struct):
    alerts: list[str] = []


class _Monitor(msgspec.Struct):
    name: str | None = None
    schedule: str | None = None
    schedules: list[str] | None = None
    timezone: str | None = None
    grace_seconds: int | None = None
    failure_tolerance: int | None = None
    assertions: list[str] | None = None
    tags: list[str] | None = None
    group: str | None = None
    note: str | None = None
    notify: list[str] | _Notify | None = None
    paused: bool | None = None
    disabled: bool | None = None

    @property
    def all_schedules(self) -> list[str]:
        return [*([self.schedule] if self.schedule else []), *(self.schedules or [])]


def read_cronitor(path: Path) -> Source:
    """The jobs and heartbeats. A monitor's key becomes a slug.

    Raises HcError that says what is wrong with the file.
    """
    try:
        content = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise HcError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise HcError(f"{path} is no valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or not set(content) & {*_MONITORED, *_OTHERS}:
        raise HcError(f"{path} has none of the sections jobs, heartbeats and checks of a cronitor.yaml")
    monitors = {
        key: monitor for section in _MONITORED for key, monitor in _section(path, content, section).items()
    }
    others = sum(len(content[name]) for name in _OTHERS if isinstance(content.get(name), dict))
    named = [name for monitor in monitors.values() for name in _channels(monitor)]
    return Source(
        checks=tuple(_check(key, monitor) for key, monitor in monitors.items()),
        channels=tuple(dict.fromkeys(named)),
        warnings=tuple(_warnings(others, monitors)),
    )


def _section(path: Path, content: dict[object, Any], name: str) -> dict[str, _Monitor]:
    try:
        return msgspec.convert(content.get(name), dict[str, _Monitor] | None) or {}
    except (msgspec.ValidationError, RecursionError) as error:
        raise HcError(f"{path}: {name}: {error}") from error


def _check(key: str, monitor: _Monitor) -> SourceCheck:
    tags = [*(monitor.tags or []), *([monitor.group] if monitor.group else [])]
    fields: dict[str, object] = {
        "name": monitor.name or key,
        "slug": slugify(key),
        "tags": " ".join(dict.fromkeys("-".join(tag.split()) for tag in tags)),
        "desc": monitor.note or "",
        **_expectation(monitor),
    }
    if monitor.grace_seconds is not None:
        fields["grace"] = max(monitor.grace_seconds, MIN_SECONDS)
    if monitor.failure_tolerance is not None:
        fields["failures_before_alert"] = monitor.failure_tolerance + 1
    fields |= _runtimes(monitor)
    return SourceCheck(
        id=None,
        address=f"https://cronitor.link/p/API_KEY/{key}",
        fields=fields,
        channels=None if monitor.notify is None else _channels(monitor),
        paused=bool(monitor.paused or monitor.disabled),
    )


def _expectation(monitor: _Monitor) -> dict[str, object]:
    """When reports are expected. Without a schedule only failures count: a year is the longest period."""
    if not monitor.all_schedules:
        return {"timeout": MAX_SECONDS}
    if len(monitor.all_schedules) == 1 and (match := _EVERY.fullmatch(monitor.all_schedules[0].strip())):
        seconds = int(match[1] or 1) * _SECONDS[match[2].lower()]
        return {"timeout": max(seconds, MIN_SECONDS)}
    # Several cron expressions are no schedule of ours: then the check is refused.
    expected: dict[str, object] = {"schedule": "\n".join(monitor.all_schedules)}
    return expected if monitor.timezone is None else {**expected, "tz": monitor.timezone}


def _runtimes(monitor: _Monitor) -> dict[str, object]:
    """How long a run may take and has to take, as far as assertions say it."""
    fields: dict[str, object] = {}
    for assertion in monitor.assertions or ():
        if match := _DURATION.fullmatch(assertion.strip()):
            seconds = int(match[2]) * _SECONDS[match[3].lower()]
            is_most = match[1] == "<"
            fields["max_runtime" if is_most else "min_runtime"] = max(seconds, MIN_SECONDS if is_most else 1)
    return fields


def _channels(monitor: _Monitor) -> tuple[str, ...]:
    """The names of the lists of people to notify; `slack:devops` is a channel by its kind and its name."""
    notify = monitor.notify.alerts if isinstance(monitor.notify, _Notify) else monitor.notify
    names = (entry.rpartition(":")[2] for entry in notify or ())
    return tuple(dict.fromkeys(name for name in names if name != _DEFAULT_LIST))


def _warnings(others: int, monitors: dict[str, _Monitor]) -> Iterable[str]:
    if others:
        yield f"monitors that are checks, for which Cronitor makes requests itself, are left out: {others}"
    if unscheduled := [key for key, monitor in monitors.items() if not monitor.all_schedules]:
        yield f"without a schedule a check is expected to report once a year: {', '.join(unscheduled)}"
    if asserted := [key for key, monitor in monitors.items() if _other_assertions(monitor)]:
        yield f"assertions other than a whole metric.duration are left out: {', '.join(asserted)}"


def _other_assertions(monitor: _Monitor) -> bool:
    return any(_DURATION.fullmatch(one.strip()) is None for one in monitor.assertions or ())
