"""One check in the index of its project."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.status import shown_until

Key = tuple[datetime, UUID]  # created, id: the place of a check in the order of its project


def key_of(check: Check) -> Key:
    """The place of the check in the order of its project."""
    return check.created, check.id


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
