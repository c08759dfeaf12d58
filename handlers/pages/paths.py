"""The paths of pages that others link to."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from hcserver.domain.identifiers import unique_key
from hcserver.domain.project import Project
from hcserver.domain.uuids import UUID_PATTERN

# A check in a path, as links have it, or by its id.
CHECK: Final = rf"([0-9a-f]{{40}}|{UUID_PATTERN})"


def project_path(project: Project) -> str:
    """The list of a project's checks."""
    return f"/p/{project.id}/"


def check_path(check: UUID) -> str:
    """The page of a check.

    It has the unique key in place of the id: whoever knows the id can ping the check, and addresses of pages
    are seen by viewers, and by others in messages, histories and pictures of screens.
    """
    return f"/checks/{unique_key(check)}"
