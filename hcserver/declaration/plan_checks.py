"""Which checks of a project are to be made or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from hcserver.declaration.differences import changed, chosen, differences
from hcserver.declaration.faults import Faults
from hcserver.declaration.model import ALL, Chosen, DeclaredCheck, DeclaredProject
from hcserver.declaration.plan import Change, FieldChange
from hcserver.declaration.plan_channels import available_channels
from hcserver.declaration.plan_dependencies import require_dependencies
from hcserver.declaration.present import PresentProject
from hcserver.declaration.read_check import DEFAULTS
from hcserver.domain.check import Check

Available = Mapping[str, tuple[str, bool]]


def plan_checks(
    declared: DeclaredProject, present: PresentProject, prune: bool, faults: Faults
) -> Iterator[Change]:
    """In the order of the file."""
    available = available_channels(declared, present, prune)
    for check in declared.checks:
        below = Faults(check.place, check.slug, faults.texts)
        if present.is_shared("check", check.slug):
            below.add("slug", "is that of several checks of the project: change or delete one of them")
            continue
        wanted = _names(check.channels, available)
        for name in wanted:
            if name not in available:
                below.add("channels", f"names {name!r}, which is no channel of the project")
        yield from _plan_check(check, wanted, present)
    require_dependencies(declared, present, prune, faults)


def _names(chosen: Chosen, available: Available) -> tuple[str, ...]:
    if chosen == ALL:
        return tuple(available)
    if chosen is None:
        return tuple(name for name, (_, auto_assign) in available.items() if auto_assign)
    return chosen


def _plan_check(check: DeclaredCheck, wanted: tuple[str, ...], present: PresentProject) -> Iterator[Change]:
    there = present.checks.get(check.slug)
    if there is None:
        named = None
        shown = list(chosen(check.settings, {**DEFAULTS, "name": check.slug}))
        data = {"slug": check.slug, **check.settings}
        kept = _others_for_new(check.channels, present)
    else:
        named = present.named(there.channels)
        before = present.check_settings(there)
        shown, data = list(differences(before, check.settings)), changed(before, check.settings)
        kept = present.others(there.channels)
    depends_on = _new_dependencies(there, data, present)
    channels = None
    if named is None or set(named) != set(wanted):
        channels = wanted
        shown.append(FieldChange("channels", named, wanted))
    if there is None or shown:
        yield Change(
            action="change" if there else "create",
            what="check",
            name=check.slug,
            place=check.place,
            id=None if there is None else there.id,
            data=data,
            channels=channels,
            kept=kept,
            depends_on=depends_on,
            shown=tuple(shown),
        )


def _new_dependencies(
    there: Check | None, data: dict[str, Any], present: PresentProject
) -> tuple[str, ...] | None:
    """On which checks it is to depend, if not only on such as it does; `data` is left with these, which are
    set with its other settings. Checks that no file can name stay.
    """
    if "depends_on" not in data:
        return None
    before = () if there is None else there.depends_on
    slugs = tuple(data.pop("depends_on"))
    others = tuple(str(id) for id in before if id not in present.slugs)
    known = {present.slugs[id] for id in before if id in present.slugs}
    if there is not None:
        data["depends_on"] = (*(slug for slug in slugs if slug in known), *others)
    return (*slugs, *others) if set(slugs) - known else None


def _others_for_new(chosen: Chosen, present: PresentProject) -> tuple[UUID, ...]:
    """The channels that no file can name, and that a new check gets as well, as one that the API makes."""
    others = present.other_channels.values()
    if chosen == ALL:
        return tuple(one.id for one in others)
    return tuple(one.id for one in others if chosen is None and one.auto_assign)
