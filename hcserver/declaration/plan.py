"""What a plan consists of: changes in the order in which they are to be made, and what is left as it is."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec

Action = Literal["create", "change", "delete"]
What = Literal["project", "channel", "check", "window"]


class FieldChange(msgspec.Struct, frozen=True):
    """One setting before and after, without secrets, for people; None where there is none."""

    name: str
    before: Any
    after: Any


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `data` are the fields of a request to the API but for those that name other things, which
    may yet have to be made: `channels` by name, with the ids of others in `kept`, and `check` by slug.
    `depends_on` are slugs and ids of checks, if some are new ones for the check: they are set when all checks
    are made, and have lost the dependencies that they are to lose, so that no cycle is in the way.
    """

    action: Action
    what: What
    name: str
    place: str = ""
    id: UUID | None = None  # of what is there already
    data: dict[str, Any] = {}
    channels: tuple[str, ...] | None = None
    kept: tuple[UUID, ...] = ()
    check: str | None = None
    depends_on: tuple[str, ...] | None = None
    shown: tuple[FieldChange, ...] = ()


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stays as it is, and why."""

    what: What
    name: str
    why: str


class ProjectPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done in one project. `id` is None for one that is to be made."""

    name: str
    place: str
    id: UUID | None
    changes: tuple[Change, ...]
    left: tuple[Left, ...]


class Plan(msgspec.Struct, frozen=True):
    projects: tuple[ProjectPlan, ...]

    def count(self, action: Action | None = None) -> int:
        """How many changes there are of this kind; None: of all."""
        return sum(action in (None, change.action) for one in self.projects for change in one.changes)
