"""A user: a person who signs in to the pages, and what members of a project may do."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

Role = Literal["admin", "editor", "viewer"]
ROLES: Final[tuple[Role, ...]] = ("admin", "editor", "viewer")

_RANKS: Final[dict[Role, int]] = {"viewer": 0, "editor": 1, "admin": 2}


class User(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is what one signs in with; no two users have names that differ only in case.

    `admin`: an admin of the server, who may do everything in all projects. A user without a password hash is
    signed in by a trusted proxy only.
    """

    id: UUID
    name: str
    created: datetime
    admin: bool = False
    password_hash: str | None = None


def may(role: Role | None, needed: Role) -> bool:
    """Whether a member with the role may do what needs the other one. None: no member, who may do nothing."""
    return role is not None and _RANKS[role] >= _RANKS[needed]


def name_key(name: str) -> str:
    """The same for all spellings of a name that mean one user: without regard to case and to how Unicode
    composes its characters.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()
