"""Which maintenance windows of a project are to be made or changed."""

from __future__ import annotations

from datetime import datetime

from hcserver.declaration.differences import changed, differences
from hcserver.declaration.faults import Faults
from hcserver.declaration.model import DeclaredProject, DeclaredWindow, Settings
from hcserver.declaration.plan import Change, Left
from hcserver.declaration.present import PresentProject
from hcserver.validation.window import past_field

_SCOPE = ("check", "tag")


def plan_windows(
    declared: DeclaredProject, present: PresentProject, prune: bool, now: datetime, faults: Faults
) -> tuple[list[Change], list[Left]]:
    """The changes, and the windows that are over, which nobody has to make any more."""
    slugs = {one.slug for one in declared.checks} | (set() if prune else present.checks.keys())
    changes, over = [], []
    for window in declared.windows:
        below = Faults(window.place, window.name, faults.texts)
        there = present.windows.get(window.name)
        past = past_field(window.times, now)
        if present.is_shared("window", window.name):
            below.add("name", "is that of several windows of the project: rename or delete one of them")
            continue
        if there is None and past:
            over.append(Left(what="window", name=window.name, why="over, and not made any more"))
            continue
        if window.check is not None and window.check not in slugs:
            below.add("check", f"names {window.check!r}, which is no check of the project")
        before = {} if there is None else present.window_settings(there)
        if shown := differences(before, window.settings):
            if past and any(one.name not in _SCOPE for one in shown):
                below.add(past, "is in the past")
            changes.append(
                Change(
                    action="change" if there else "create",
                    what="window",
                    name=window.name,
                    place=window.place,
                    id=None if there is None else there.id,
                    data=_data(window, before),
                    check=window.check,
                    shown=shown,
                )
            )
    return changes, over


def _data(window: DeclaredWindow, before: Settings) -> Settings:
    """The fields that differ. A request that names a check or a tag replaces both, so it names both."""
    data = changed(before, window.settings)
    data.pop("check", None)
    if not before:
        data["name"] = window.name
    if any(before.get(field) != window.settings.get(field) for field in _SCOPE):
        data["tag"] = window.settings.get("tag", "")
    return data
