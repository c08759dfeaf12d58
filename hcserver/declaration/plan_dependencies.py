"""Whether the checks on which others are to depend exist, and none depends on itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hcserver.declaration.faults import Faults
from hcserver.declaration.model import DeclaredProject
from hcserver.declaration.present import PresentProject

_Dependencies = Mapping[str, Sequence[str]]  # slug -> slugs


def require_dependencies(
    declared: DeclaredProject, present: PresentProject, prune: bool, faults: Faults
) -> None:
    """Note what is wrong with the dependencies that the file declares."""
    kept = {} if prune else {slug: present.check_settings(one) for slug, one in present.checks.items()}
    settings = kept | {one.slug: one.settings for one in declared.checks}
    dependencies = {slug: one["depends_on"] for slug, one in settings.items()}
    for check in declared.checks:
        below = Faults(check.place, check.slug, faults.texts)
        for slug in check.settings["depends_on"]:
            if present.is_shared("check", slug):
                below.add("depends_on", f"names {slug!r}, which several checks of the project have")
            elif slug not in dependencies:
                below.add("depends_on", f"names {slug!r}, which is no check of the project")
        if check.slug in _above(check.slug, dependencies):
            below.add("depends_on", "makes a cycle: the check would depend on itself")


def _above(slug: str, dependencies: _Dependencies) -> set[str]:
    """The checks on which this one depends, also by others."""
    found: set[str] = set()
    waiting = list(dependencies[slug])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting.extend(dependencies.get(other, ()))
    return found
