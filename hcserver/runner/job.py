"""A run: the command between the report of its start and the report of its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from hcserver.runner.address import PingAddress
from hcserver.runner.command import Command, Outcome, say
from hcserver.runner.environment import close_standard_output, open_standard_streams
from hcserver.runner.reports import EndReport, StartReport
from hcserver.runner.request import NotDelivered
from hcserver.runner.signals import Signals
from hcserver.runner.tail import Tail

# Seconds for each of three waits after a signal that asked to stop: Docker kills after ten.
_IN_A_HURRY: Final = 3.0


def run_job(
    arguments: Sequence[str], address: PingAddress, *, timeout: float, retry_for: float, with_output: bool
) -> Outcome:
    """Run the command and report it; how it ended. What can't be reported is a line on standard error.

    `timeout` is for one request and `retry_for` for trying again once the command has ended, both in seconds.
    """
    open_standard_streams()
    run_id = str(uuid4())
    tail = Tail() if with_output else None
    signals = Signals()
    signals.watch()
    start = StartReport(address.signal("start", run_id), timeout)
    command = Command(arguments, tail)
    outcome = command.start(signals)
    if outcome is None:
        start.send()
        outcome = command.wait()
        close_standard_output()
        if signals.stop_requested:
            timeout, retry_for = min(timeout, _IN_A_HURRY), min(retry_for, _IN_A_HURRY)
        start.finish(timeout, signals.news)
    report = EndReport(
        address.signal(str(outcome.status), run_id), _body(outcome, tail, start.body_limit), signals.news
    )
    try:
        report.send(timeout, retry_for)
    except NotDelivered as failure:
        say(f"the exit status {outcome.status} was not reported to {address.host}: {failure}")
    return outcome


def _body(outcome: Outcome, tail: Tail | None, limit: int) -> bytes:
    """What the server is to keep: the end of the output, and the note behind it."""
    note = f"{outcome.note}\n".encode(errors="backslashreplace") if outcome.note else b""
    if tail is None:
        return note[:limit]
    output = tail.last(max(0, limit - len(note) - 1))
    if note and output and not output.endswith(b"\n"):
        output += b"\n"
    return (output + note)[:limit]
