"""From what a file declares and what there is to what has to be changed. Nothing here reads or writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from hcserver.declaration.faults import Faults
from hcserver.declaration.model import DeclaredProject
from hcserver.declaration.plan import Change, FieldChange, Left, Plan, ProjectPlan, What
from hcserver.declaration.plan_channels import plan_channels
from hcserver.declaration.plan_checks import plan_checks
from hcserver.declaration.plan_windows import plan_windows
from hcserver.declaration.present import PresentProject
from hcserver.domain.clock import EPOCH
from hcserver.domain.project import Project
from hcserver.notify.targets import MASK
from hcserver.services.management.channels import MAX_CHANNELS
from hcserver.services.management.windows import MAX_WINDOWS

NOT_IN_FILE = "not in the file"


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """The configured limits of projects that have none of their own."""

    checks: int
    pings: int


def plan(
    declared: Sequence[DeclaredProject],
    projects: Sequence[Project],
    present: Mapping[UUID, PresentProject],
    allowed: Allowed,
    now: datetime,
    *,
    prune: bool,
) -> Plan:
    """The changes that make what the projects have what they are declared to have. `projects` are all that
    there are, and `present` is what the declared ones have.

    With `prune` they lose what the file does not name. Raises InvalidRequest with a line for each fault.
    """
    faults = Faults()
    plans = []
    for one in declared:
        below = Faults(one.place, one.name, faults.texts)
        same = [project for project in projects if project.name == one.name]
        if len(same) > 1:
            below.add("name", "is that of several projects: rename one of them")
            continue
        _require_free_key(one, projects, below)
        there = present[same[0].id] if same else None
        plans.append(_plan_project(one, there, allowed, now, prune, below))
    faults.raise_any()
    return Plan(tuple(plans))


def _plan_project(
    declared: DeclaredProject,
    present: PresentProject | None,
    allowed: Allowed,
    now: datetime,
    prune: bool,
    faults: Faults,
) -> ProjectPlan:
    """Deletions come last, so that nothing is gone before that which takes its place is there."""
    there = present or _nothing(declared)
    changes = [
        *_project_changes(declared, present, allowed),
        *plan_channels(declared, there, prune, faults),
        *plan_checks(declared, there, prune, faults),
    ]
    windows, over = plan_windows(declared, there, prune, now, faults)
    changes += windows
    deletions, left = _unwanted(declared, there, prune)
    _require_room(declared, there, changes, allowed, faults)
    return ProjectPlan(
        name=declared.name,
        place=declared.place,
        id=None if present is None else present.project.id,
        changes=(*changes, *deletions),
        left=(*over, *left),
    )


def _nothing(declared: DeclaredProject) -> PresentProject:
    """A project that is yet to be made."""
    return PresentProject(
        Project(id=UUID(int=0), name=declared.name, created=EPOCH, ping_key="", badge_key="")
    )


def _project_changes(
    declared: DeclaredProject, present: PresentProject | None, allowed: Allowed
) -> Iterator[Change]:
    project = None if present is None else present.project
    shown = []
    for field, configured in (("checks_limit", allowed.checks), ("pings_limit", allowed.pings)):
        own: int | None = None if project is None else getattr(project, field)
        wanted: int = getattr(declared, field)
        if wanted != (own or 0) and not (own is None and wanted == configured):
            shown.append(FieldChange(field, own, wanted or None))
    data: dict[str, object] = {change.name: change.after for change in shown}
    if declared.ping_key is not None and (project is None or project.ping_key != declared.ping_key):
        shown.append(FieldChange("ping_key", None if project is None else MASK, MASK))
        data["ping_key"] = declared.ping_key
    if project is None or shown:
        yield Change(
            action="change" if project else "create",
            what="project",
            name=declared.name,
            place=declared.place,
            id=None if project is None else project.id,
            data=data,
            shown=tuple(shown),
        )


def _require_free_key(declared: DeclaredProject, projects: Sequence[Project], faults: Faults) -> None:
    if declared.ping_key is not None and any(
        one.ping_key == declared.ping_key and one.name != declared.name for one in projects
    ):
        faults.add("ping_key", "is that of another project")


def _unwanted(
    declared: DeclaredProject, present: PresentProject, prune: bool
) -> tuple[list[Change], list[Left]]:
    """What the file does not name is deleted or left. What no file can name is always left."""
    left = [Left(what=one.what, name=one.shown, why=one.why) for one in present.unnamed()]
    deletions = []
    for what, name, id in _unnamed_by(declared, present):
        if prune:
            deletions.append(Change(action="delete", what=what, name=name, id=id))
        else:
            left.append(Left(what=what, name=name, why=NOT_IN_FILE))
    return deletions, left


def _unnamed_by(declared: DeclaredProject, present: PresentProject) -> Iterator[tuple[What, str, UUID]]:
    """What the file could name, and does not. Checks come before the channels that they have."""
    windows = {one.name for one in declared.windows}
    for name, window in present.windows.items():
        if name not in windows and present.why_no_file_has(window) is None:
            yield "window", name, window.id
    slugs = {one.slug for one in declared.checks}
    yield from (("check", slug, one.id) for slug, one in present.checks.items() if slug not in slugs)
    channels = {one.name for one in declared.channels}
    yield from (("channel", name, one.id) for name, one in present.channels.items() if name not in channels)


def _require_room(
    declared: DeclaredProject,
    present: PresentProject,
    changes: Collection[Change],
    allowed: Allowed,
    faults: Faults,
) -> None:
    """What is deleted goes last, so it still counts."""
    for what, there, limit in (
        ("channel", len(present.all_channels), MAX_CHANNELS),
        ("check", len(present.all_checks), declared.checks_limit or allowed.checks),
        ("window", len(present.all_windows), MAX_WINDOWS),
    ):
        new = sum(change.action == "create" and change.what == what for change in changes)
        if new and there + new > limit:
            faults.add(f"{what}s", f"has {new} new ones, but the project has {there} and may have {limit}")
