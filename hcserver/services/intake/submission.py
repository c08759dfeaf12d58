"""Reports on their way into the log of pings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hcserver.domain.ping import Ping, Report
from hcserver.errors import NotFound

_RECORD_BYTES = 500  # what a report takes in memory and in the database beside its body


class Submission:
    """Reports that are acknowledged together, or not at all. `done` has the pings that were stored."""

    __slots__ = ("_deleted", "_open", "_pings", "done", "reports")

    def __init__(self, reports: Sequence[Report], tokens: Sequence[bytes]) -> None:
        self.reports = [
            QueuedReport(self, report, token) for report, token in zip(reports, tokens, strict=True)
        ]
        self.done: asyncio.Future[list[Ping]] = asyncio.get_running_loop().create_future()
        self._open = len(self.reports)
        self._deleted = 0  # reports whose checks have been deleted
        self._pings: list[Ping] = []

    @property
    def size(self) -> int:
        """Bytes of all its reports."""
        return sum(report.size for report in self.reports)

    def settle(self, report: QueuedReport, ping: Ping | None) -> None:
        """The report is stored as `ping`, or (None) need not be stored."""
        if report.settled:
            return
        report.settled = True
        self._open -= 1
        if ping is not None:
            self._pings.append(ping)
        if not self._open and not self.done.done():
            self.done.set_result(self._pings)

    def settle_without_check(self, report: QueuedReport) -> None:
        """The check was deleted: the report is left out. Without any check left all is refused."""
        self._deleted += 1
        if self._deleted == len(self.reports):
            self.fail(NotFound("not found"))
        else:
            self.settle(report, None)

    def fail(self, error: BaseException) -> None:
        """Refuse the reports, unless they were acknowledged before."""
        if not self.done.done():
            self.done.set_exception(error)


class QueuedReport:
    """One report of a submission, with the token that tells it from every other one."""

    __slots__ = ("ping", "report", "settled", "size", "submission", "token", "tried_from")

    def __init__(self, submission: Submission, report: Report, token: bytes) -> None:
        self.submission = submission
        self.report = report
        self.token = token
        self.size = _RECORD_BYTES + len(report.body or b"")  # bytes
        self.ping: Ping | None = None  # as an append last tried to store it; whether it did may be unknown
        # The ping number of the first append that failed and may have been carried out all the same.
        self.tried_from: int | None = None
        self.settled = False

    @property
    def wanted(self) -> bool:
        """It is not stored, and its sender still waits for that."""
        return not (self.settled or self.submission.done.done())
