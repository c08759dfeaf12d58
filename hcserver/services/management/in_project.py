"""Changes of a check that hold only while it is in the project whose people make them."""

from __future__ import annotations

from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.state_machine import Step
from hcserver.errors import NotFound
from hcserver.services.intake.cached_check import Change


def in_project(project: UUID, apply: Change) -> Change:
    """The change, which raises NotFound if the check has been moved to another project meanwhile."""

    def applied(check: Check) -> Step:
        if check.project != project:
            raise NotFound("not found")
        return apply(check)

    return applied
