"""Which channels of a project are to be made or changed."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from hcserver.declaration.differences import changed, chosen, differences
from hcserver.declaration.faults import Faults
from hcserver.declaration.model import DeclaredChannel, DeclaredProject
from hcserver.declaration.plan import Change, FieldChange
from hcserver.declaration.present import PresentProject
from hcserver.declaration.read_channel import DEFAULTS
from hcserver.domain.channel import Channel
from hcserver.notify.group import Group
from hcserver.notify.registry import CHANNEL_KINDS, masked_target


def plan_channels(
    declared: DeclaredProject, present: PresentProject, prune: bool, faults: Faults
) -> Iterator[Change]:
    """Groups come last: their channels have to be there."""
    available = available_channels(declared, present, prune)
    for channel in sorted(declared.channels, key=lambda one: one.kind == Group.name):
        below = Faults(channel.place, channel.name, faults.texts)
        there = present.channels.get(channel.name)
        if present.is_shared("channel", channel.name):
            below.add("name", "is that of several channels of the project: rename or delete one of them")
        elif there is not None and there.kind != channel.kind:
            below.add("kind", f"can't be changed from {there.kind}: give the new channel another name")
        else:
            _require_members(channel, available, below)
            for change in _plan_channel(channel, there, present):
                if change.channels == () and not change.kept:
                    below.add("channels", "is empty")
                yield change


def available_channels(
    declared: DeclaredProject, present: PresentProject, prune: bool
) -> dict[str, tuple[str, bool]]:
    """The kind of each channel that the project will have, and whether it assigns itself, by name."""
    others = {} if prune else present.channels
    mine = {one.name: (one.kind, bool(one.settings["auto_assign"])) for one in declared.channels}
    return mine | {name: (one.kind, one.auto_assign) for name, one in others.items() if name not in mine}


def _require_members(
    channel: DeclaredChannel, available: dict[str, tuple[str, bool]], faults: Faults
) -> None:
    for name in channel.members:
        if name not in available:
            faults.add("channels", f"names {name!r}, which is no channel of the project")
        elif available[name][0] == Group.name:
            faults.add("channels", f"names {name!r}, which is a group itself")


def _plan_channel(
    channel: DeclaredChannel, there: Channel | None, present: PresentProject
) -> Iterator[Change]:
    if there is None:
        shown = list(chosen(channel.settings, DEFAULTS))
        data = {"name": channel.name, "kind": channel.kind, **channel.settings}
    else:
        before = present.channel_settings(there)
        if there.error is not None and channel.settings["disabled"]:
            before["disabled"] = True  # for another reason, which stays
        shown, data = list(differences(before, channel.settings)), changed(before, channel.settings)
    members: tuple[str, ...] | None = None
    kept: tuple[UUID, ...] = ()
    if channel.kind == Group.name:
        ids = () if there is None else present.members(there)
        named, kept = present.named(ids), present.others(ids)
        if there is None or set(channel.members) != set(named):
            members = channel.members
            shown.insert(0, FieldChange("channels", None if there is None else named, members))
    elif there is None or there.unreadable or there.target != channel.target:
        data["target"] = channel.target
        shown.insert(0, FieldChange("target", there and masked_target(there), _masked(channel)))
    if there is None:
        shown.insert(0, FieldChange("kind", None, channel.kind))
    if there is None or shown:
        yield Change(
            action="change" if there else "create",
            what="channel",
            name=channel.name,
            place=channel.place,
            id=None if there is None else there.id,
            data=data,
            channels=members,
            kept=kept,
            shown=tuple(shown),
        )


def _masked(channel: DeclaredChannel) -> str:
    transport = CHANNEL_KINDS[channel.kind]
    return transport.masked(channel.target or "")
