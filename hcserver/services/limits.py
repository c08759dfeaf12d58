"""How much a project may have: its own limits where it has some, else those of the configuration."""

from __future__ import annotations

from hcserver.config.schema import LimitSettings
from hcserver.domain.project import Project

SHOWN_PINGS = 1000  # the most that the API lists of one check


def checks_allowed(project: Project, limits: LimitSettings) -> int:
    """How many checks the project may have."""
    return project.checks_limit or limits.checks_per_project


def pings_kept(project: Project, limits: LimitSettings) -> int:
    """How many pings of each check are kept and shown."""
    return min(project.pings_limit or limits.pings_per_check, SHOWN_PINGS)
