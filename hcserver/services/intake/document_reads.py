"""Reading the documents of checks while others change, create and delete checks."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from hcserver.services.absences import Absences
from hcserver.services.intake.state_reader import StateReader
from hcserver.storage.checks import Stored

_DELETED_REMEMBERED = 1000  # checks, for as long as reads of them may be under way


class DocumentReads:
    """Knows which of the documents that were read are not to be used, and which checks do not exist."""

    def __init__(self, reader: StateReader, absent: Absences[UUID]) -> None:
        self._reader = reader
        self._absent = absent
        self._deleted: dict[UUID, None] = {}  # the last ones, the oldest first
        self._reads: set[_Read] = set()  # those under way

    async def read(self, ids: Collection[UUID]) -> tuple[dict[UUID, Stored], set[UUID]]:
        """The checks as their documents have them, and those of the checks that do not exist. A check that is
        changed meanwhile is in neither: what was read of it may be older than the change. Raises Unavailable.
        """
        absent = {id for id in ids if id in self._absent}
        read = _Read([id for id in ids if id not in absent])
        if not read.ids:
            return {}, absent
        self._reads.add(read)
        try:
            found = await self._reader.documents(read.ids)
        finally:
            self._reads.discard(read)
        for id in read.ids:
            if self.is_deleted(id) or (id not in found and id not in read.outdated):
                absent.add(id)
                self._absent.add(id)
        usable = {id: one for id, one in found.items() if id not in absent and id not in read.outdated}
        return usable, absent

    def note_changed(self, id: UUID) -> None:
        """The check was created or changed."""
        self._absent.discard(id)
        for read in self._reads:
            read.outdated.add(id)

    def note_all_changed(self) -> None:
        """Every check may have been created or changed."""
        self._absent.clear()
        for read in self._reads:
            read.outdated.update(read.ids)

    def note_deleted(self, id: UUID) -> None:
        """The check was deleted: what was read of it before, and arrives later, is not used."""
        self._deleted[id] = None
        if len(self._deleted) > _DELETED_REMEMBERED:
            del self._deleted[next(iter(self._deleted))]

    def is_deleted(self, id: UUID) -> bool:
        """Whether the check is one of the last that were deleted."""
        return id in self._deleted


class _Read:
    """Checks that are being read from the database, and those of them that were changed meanwhile."""

    def __init__(self, ids: Collection[UUID]) -> None:
        self.ids = ids
        self.outdated: set[UUID] = set()
