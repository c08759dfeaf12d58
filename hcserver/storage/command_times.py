"""How long the commands to the database take, as its driver reports them."""

from __future__ import annotations

from collections.abc import Callable

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

# Called with the name of the command, its seconds, and whether it failed; from any thread.
Report = Callable[[str, float, bool], None]


class CommandTimes(CommandListener):
    """Hands the time of every command to `report`."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def started(self, event: CommandStartedEvent) -> None:
        """Nothing is known yet."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._report(event.command_name, event.duration_micros / 1e6, False)

    def failed(self, event: CommandFailedEvent) -> None:
        self._report(event.command_name, event.duration_micros / 1e6, True)
