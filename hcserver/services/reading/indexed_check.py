"""One check in the index of its project."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.status import shown_until

_HIGHEST: Final = UUID(int=2**128 - 1)


class Key(NamedTuple):
    """The place of a check in the order of its project: by creation and, of one moment, by badge.

    Whoever reads a list is told where each of its pages ends, which must not tell the id.
    """

    created: datetime
    badge: UUID
    id: UUID


def key_of(check: Check) -> Key:
    """The place of the check in the order of its project."""
    return Key(check.created, check.badge, check.id)


def behind(created: datetime, badge: UUID) -> Key:
    """The place behind the check with this badge, which may have been deleted."""
    return Key(created, badge, _HIGHEST)


class IndexedCheck:
    """A check with the status that it shows, as of the last time that somebody looked."""

    __slots__ = ("check", "next_look", "status", "tags", "until")

    def __init__(self, check: Check, now: datetime) -> None:
        self.check = check
        self.tags = check.tag_list()
        self.next_look: datetime | None = None  # when the check is looked at again, as scheduled so far
        self.status, self.until = shown_until(check, now)

    def look(self, now: datetime) -> None:
        """Bring the status that the check shows up to date, and the moment until which it shows it."""
        self.status, self.until = shown_until(self.check, now)
