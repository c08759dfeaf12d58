"""The indexes of the projects that were read lately, kept in step by the check cache."""

from __future__ import annotations

from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.clock import Clock
from hcserver.services.reading.project_index import ProjectIndex


class ProjectIndexes:
    """Indexes of `capacity` checks in all, at most; those of projects that were not read for longest leave.

    It is the observer of the check cache (`services.intake.check_observer`).
    """

    def __init__(self, capacity: int, clock: Clock) -> None:
        self.capacity = capacity
        self._clock = clock
        self._indexes: dict[UUID, ProjectIndex] = {}  # the least recently read first

    def get(self, project: UUID) -> ProjectIndex | None:
        """The index of the project if there is one, which is the most recently read one from now on."""
        index = self._indexes.pop(project, None)
        if index is not None:
            self._indexes[project] = index
        return index

    def begin(self, project: UUID) -> ProjectIndex:
        """An index that is still to be loaded. Whatever changes from now on is put into it."""
        self._indexes[project] = index = ProjectIndex()
        return index

    def drop(self, project: UUID) -> None:
        """Have the index loaded again when it is next needed."""
        self._indexes.pop(project, None)

    def make_room(self, project: UUID, coming: int = 0) -> bool:
        """Drop indexes of other projects until so many more checks of this one fit; whether they do."""
        excess = sum(len(index) + 1 for index in self._indexes.values()) + coming - self.capacity
        for other in list(self._indexes):
            if excess <= 0:
                break
            if other != project:
                excess -= len(self._indexes.pop(other)) + 1
        return excess <= 1  # the project itself counts as one, so that empty ones are bounded as well

    # -- as observer of the check cache

    def put(self, check: Check) -> None:
        index = self._indexes.get(check.project)
        if index is None:
            return
        if index.loaded and check.id not in index and not self.make_room(check.project, 1):
            self.drop(check.project)
            return
        index.put(check, self._clock())

    def remove(self, id: UUID, project: UUID) -> None:
        index = self._indexes.get(project)
        if index is not None:
            index.remove(id)

    def mark_outdated(self, id: UUID, project: UUID) -> None:
        index = self._indexes.get(project)
        if index is not None:
            index.outdated.add(id)

    def mark_all_outdated(self) -> None:
        self._indexes.clear()
