"""What there is of a project already, in the words of a file: names and slugs instead of ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from hcserver.declaration.model import Settings
from hcserver.declaration.plan import What
from hcserver.declaration.read_channel import FIELDS as CHANNEL_FIELDS
from hcserver.declaration.read_channel import in_order
from hcserver.declaration.read_check import FIELDS as CHECK_FIELDS
from hcserver.declaration.read_check import relevant
from hcserver.declaration.read_window import window_settings
from hcserver.domain.channel import Channel
from hcserver.domain.check import Check
from hcserver.domain.maintenance_window import MaintenanceWindow
from hcserver.domain.project import Project
from hcserver.notify.group import Group
from hcserver.validation.channel import DISABLED

T = TypeVar("T", Check, Channel, MaintenanceWindow)


class Unnamed(msgspec.Struct, frozen=True):
    """Something that no file can declare, since nothing says in a file that it is meant."""

    what: What
    shown: str
    why: str


class PresentProject:
    """A project with all that it has, by names and slugs where only one has these."""

    def __init__(
        self,
        project: Project,
        channels: Iterable[Channel] = (),
        checks: Iterable[Check] = (),
        windows: Iterable[MaintenanceWindow] = (),
    ) -> None:
        self.project = project
        self.all_channels = tuple(channels)
        self.all_checks = tuple(checks)
        self.all_windows = tuple(windows)
        self.channels = _unique(self.all_channels, "name")
        self.checks = _unique(self.all_checks, "slug")
        self.windows = _unique(self.all_windows, "name")

    @cached_property
    def channel_names(self) -> dict[UUID, str]:
        return {channel.id: name for name, channel in self.channels.items()}

    @cached_property
    def slugs(self) -> dict[UUID, str]:
        return {check.id: slug for slug, check in self.checks.items()}

    @cached_property
    def other_channels(self) -> dict[UUID, Channel]:
        """The channels that no file can name."""
        return {one.id: one for one in self.all_channels if one.id not in self.channel_names}

    @cached_property
    def _names(self) -> dict[What, Counter[str]]:
        return {
            "channel": Counter(one.name for one in self.all_channels),
            "check": Counter(one.slug for one in self.all_checks),
            "window": Counter(one.name for one in self.all_windows),
        }

    def is_shared(self, what: What, name: str) -> bool:
        """Whether several channels, checks or windows (`what`) have this name or slug."""
        return self._names[what][name] > 1

    def unnamed(self) -> list[Unnamed]:
        """What no file can declare."""
        found = [
            Unnamed("channel", one.name or f"{one.kind} {one.id}", _why(one.name, "name"))
            for one in self.other_channels.values()
        ]
        found += [
            Unnamed("check", one.slug or f"{one.name} {one.id}".lstrip(), _why(one.slug, "slug"))
            for one in self.all_checks
            if one.id not in self.slugs
        ]
        return found + [
            Unnamed("window", one.name or str(one.id), why)
            for one in self.all_windows
            if (why := self.why_no_file_has(one)) is not None
        ]

    def why_no_file_has(self, window: MaintenanceWindow) -> str | None:
        """Why no file can declare the window; None: it can."""
        if window.name not in self.windows:
            return _why(window.name, "name")
        if window.check is not None and window.check not in self.slugs:
            return "a file can't name its check"
        return None

    def named(self, ids: Iterable[UUID]) -> tuple[str, ...]:
        """The names of those of the channels that a file can name, in the order of the project."""
        wanted = set(ids)
        return tuple(name for id, name in self.channel_names.items() if id in wanted)

    def others(self, ids: Iterable[UUID]) -> tuple[UUID, ...]:
        """Those of the channels that a file can't name."""
        return tuple(id for id in ids if id in self.other_channels)

    def members(self, group: Channel) -> tuple[UUID, ...]:
        return Group().members(group.target) if group.target else ()

    def check_settings(self, check: Check) -> Settings:
        """The settings, with the slugs of those checks on which it depends that a file can name."""
        settings = {field: getattr(check, field) for field in CHECK_FIELDS}
        settings["depends_on"] = tuple(self.slugs[id] for id in check.depends_on if id in self.slugs)
        return relevant(settings, check.kind != "simple")

    def channel_settings(self, channel: Channel) -> Settings:
        """The settings but for the target and the kind. Only what people have disabled counts as disabled."""
        settings: dict[str, Any] = {
            field: channel.error == DISABLED if field == "disabled" else getattr(channel, field)
            for field in CHANNEL_FIELDS
        }
        return settings | {"events": in_order(channel.events)}

    def window_settings(self, window: MaintenanceWindow) -> Settings:
        """The settings. A check that no file can name is shown by its id, which is no slug."""
        check = None if window.check is None else self.slugs.get(window.check, f"id:{window.check}")
        return window_settings(window, check)


def _unique(things: Iterable[T], identity: str) -> dict[str, T]:
    """The things by name or slug, without those that have none or share it."""
    named = [(getattr(one, identity), one) for one in things]
    count = Counter(name for name, _ in named)
    return {name: one for name, one in named if name and count[name] == 1}


def _why(name: str, identity: str) -> str:
    return f"several have this {identity}" if name else f"it has no {identity}"
