"""Members: which user has which role in which project."""

from __future__ import annotations

from uuid import UUID

import msgspec

from hcserver.domain.project import Project
from hcserver.domain.user import Role, User


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored: the ids of the project and of the user, and the role."""

    project: UUID
    user: UUID
    role: Role


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A project of a user, and the role that the user has there."""

    project: Project
    role: Role


class ProjectMember(msgspec.Struct, frozen=True, kw_only=True):
    """A user of a project, and the role that the user has there."""

    user: User
    role: Role
