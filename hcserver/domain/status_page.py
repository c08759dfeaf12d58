"""What a project shows to the public: status pages and walls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from hcserver.domain.check import Check

_ID_LENGTH = 16  # hex digits

T = TypeVar("T")


class StatusPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page for everybody, at an address with its slug, which no other page of the server has.

    `tags`: only checks with one of these are shown; none: all checks of the project. `names`: the names of
    checks are shown, and not only how those with a tag are as a whole. Nobody sees a page that is not
    `published`.
    """

    id: UUID
    project: UUID
    created: datetime
    slug: str
    title: str
    tags: tuple[str, ...] = ()
    names: bool = True
    published: bool = False


class Wall(msgspec.Struct, frozen=True, kw_only=True):
    """A link to the states of all checks of a project, for a screen on a wall.

    Of the token in the link only the SHA-256 (hexadecimal digits) is stored.
    """

    hash: str
    project: UUID
    name: str
    created: datetime

    @property
    def id(self) -> str:
        """Identifies the wall in lists; it does not give access."""
        return self.hash[:_ID_LENGTH]


def group_by_tag(checks: Iterable[tuple[Check, T]], tags: Iterable[str]) -> dict[str, list[tuple[Check, T]]]:
    """The checks that a status page with these tags shows, by tag; without tags all of them, under "".

    A check is in the group of the first tag that it has. In a group they are in the order of their names.
    Tags that no check has are left out.
    """
    groups: dict[str, list[tuple[Check, T]]] = {tag: [] for tag in tags} or {"": []}
    for check, value in checks:
        own = set(check.tags.split())
        tag = next((tag for tag in groups if not tag or tag in own), None)
        if tag is not None:
            groups[tag].append((check, value))
    for group in groups.values():
        group.sort(key=lambda one: (one[0].name.casefold(), one[0].created, one[0].id))
    return {tag: group for tag, group in groups.items() if group}
