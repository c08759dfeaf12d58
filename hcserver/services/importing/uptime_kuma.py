"""The push monitors in a backup of Uptime Kuma (Settings, Backup, Export): JSON with `monitorList`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from hcserver.errors import HcError
from hcserver.services.importing.source import Source, SourceCheck
from hcserver.validation.check import MIN_SECONDS

_PUSH_PATH = "/api/push/"


class _Tag(msgspec.Struct):
    name: str = ""
    value: str | None = None


class _Notification(msgspec.Struct):
    id: int
    name: str = ""


class _Monitor(msgspec.Struct, rename="camel"):
    type: str
    name: str = ""
    description: str | None = None
    interval: int = 60  # seconds
    retry_interval: int | None = None  # seconds
    max_retries: int = msgspec.field(default=0, name="maxretries")
    active: bool | int = True
    push_token: str | None = None
    tags: list[_Tag] = []
    notification_ids: dict[str, Any] = msgspec.field(default_factory=dict, name="notificationIDList")


class _Backup(msgspec.Struct, rename="camel"):
    monitor_list: list[_Monitor] | dict[str, _Monitor]
    notification_list: list[_Notification] = []


def read_uptime_kuma(path: Path) -> Source:
    """The monitors of type push. The backup does not say where the server is, so that their addresses are
    paths. Raises HcError that says what is wrong with the file.
    """
    try:
        backup = msgspec.json.decode(path.read_bytes(), type=_Backup)
    except OSError as error:
        raise HcError(f"{path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HcError(f"{path} is no backup of Uptime Kuma: {error}") from error
    listed = backup.monitor_list
    monitors = listed if isinstance(listed, list) else list(listed.values())
    pushed = [monitor for monitor in monitors if monitor.type == "push"]
    names = {str(one.id): one.name for one in backup.notification_list}
    return Source(
        checks=tuple(_check(monitor, names) for monitor in pushed),
        channels=tuple(filter(None, names.values())),
        warnings=tuple(_warnings(len(monitors) - len(pushed), pushed)),
    )


def _check(monitor: _Monitor, channels: dict[str, str]) -> SourceCheck:
    retries = monitor.max_retries * (monitor.retry_interval or monitor.interval)
    wanted = [id for id, chosen in monitor.notification_ids.items() if chosen]
    return SourceCheck(
        id=None,
        address=f"{_PUSH_PATH}{monitor.push_token}" if monitor.push_token else "",
        fields={
            "name": monitor.name,
            "desc": monitor.description or "",
            "tags": " ".join(dict.fromkeys(filter(None, map(_tag, monitor.tags)))),
            "timeout": max(monitor.interval, MIN_SECONDS),
            "grace": max(retries, MIN_SECONDS),
        },
        channels=tuple(channels.get(id, "") for id in wanted),
        paused=not monitor.active,
    )


def _tag(tag: _Tag) -> str:
    """A tag as one word, since blanks separate ours."""
    return "-".join((f"{tag.name}:{tag.value}" if tag.value else tag.name).split())


def _warnings(others: int, pushed: Iterable[_Monitor]) -> Iterable[str]:
    if others:
        yield f"monitors of other types than push are left out: {others}"
    if often := [monitor.name for monitor in pushed if monitor.interval < MIN_SECONDS]:
        yield f"a period is at least {MIN_SECONDS} s here, and shorter at the source for: {', '.join(often)}"
