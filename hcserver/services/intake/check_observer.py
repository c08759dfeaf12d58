"""What the check cache reports to whoever keeps something that follows from the states of checks."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from hcserver.domain.check import Check


class CheckObserver(Protocol):
    """Every method is called synchronously, with each change: it has to be cheap, and must not fail."""

    def put(self, check: Check) -> None:
        """This is the acknowledged state of the check now: it is new, has changed, or was loaded."""

    def remove(self, id: UUID, project: UUID) -> None:
        """The check was deleted, or is in another project now."""

    def mark_outdated(self, id: UUID, project: UUID) -> None:
        """Another process may have created, changed or deleted the check."""

    def mark_all_outdated(self) -> None:
        """Other processes may have changed every check."""
