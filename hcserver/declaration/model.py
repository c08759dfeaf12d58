"""What a file declares, once it is read: each thing with its place in the file and all of its settings.

Settings have the values that the API takes and shows. What the file leaves out has its default.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from hcserver.domain.maintenance_window import MaintenanceWindow

ALL: Final = "*"  # all channels of the project

Settings = dict[str, Any]
# The names of channels, ALL, or None: those that assign themselves to new checks.
Chosen = tuple[str, ...] | Literal["*"] | None


class DeclaredChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel. `target` is as it is stored; a group has the names of its channels in `members` instead."""

    place: str
    name: str
    kind: str
    target: str | None
    members: tuple[str, ...]
    settings: Settings


class DeclaredCheck(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    slug: str
    channels: Chosen
    settings: Settings


class DeclaredWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A maintenance window. `check` is the slug of the only check that it is for; `times` has its times."""

    place: str
    name: str
    check: str | None
    settings: Settings
    times: MaintenanceWindow


class DeclaredProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project. A limit of 0 is the configured one; a ping key of None is any."""

    place: str
    name: str
    ping_key: str | None
    checks_limit: int
    pings_limit: int
    channels: tuple[DeclaredChannel, ...]
    checks: tuple[DeclaredCheck, ...]
    windows: tuple[DeclaredWindow, ...]
