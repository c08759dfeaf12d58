"""A limit on the work that reading one message may take."""

from __future__ import annotations


class TooCostly(Exception):
    """Reading took more steps than it was allowed to."""


class WorkLimit:
    """Counts steps of about a microsecond each. A count, unlike a measured time, is repeatable."""

    def __init__(self, max_steps: int | None) -> None:
        """None means that there is no limit."""
        self._left = float("inf") if max_steps is None else max_steps

    def spend(self, steps: int) -> None:
        """Count so many steps. Raises TooCostly when there are more than allowed."""
        self._left -= steps
        if self._left < 0:
            raise TooCostly
