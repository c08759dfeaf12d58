"""The table that all benchmarks print: a row for each measurement, as soon as it is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.load import Outcome
from bench.processes import Processes, Usage

_HEAD = (
    f"{'measurement':38s} {'per s':>7s} {'p50':>8s} {'p99':>8s} {'worst':>8s} {'server':>7s} {'db':>7s}"
    f" {'bare':>6s} {'times':>6s}  remarks"
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement; what it does not have is None."""

    what: str
    rate: float | None = None  # answers per second
    p50: float | None = None  # milliseconds, as the next ones
    p99: float | None = None
    worst: float | None = None
    cpu_server: float | None = None  # microseconds per answer
    cpu_database: float | None = None
    bare: float | None = None  # milliseconds: the p50 of a bare handler that returns the same bytes
    remarks: str = ""

    def __str__(self) -> str:
        times = None if self.p50 is None or self.bare is None else self.p50 / self.bare
        return (
            f"{self.what:38s} {_cell(self.rate, 7, 0)} {_cell(self.p50, 8, 2)} {_cell(self.p99, 8, 2)}"
            f" {_cell(self.worst, 8, 1)} {_cell(self.cpu_server, 7, 0)} {_cell(self.cpu_database, 7, 0)}"
            f" {_cell(self.bare, 6, 2)} {_cell(times, 6, 1)}  {self.remarks}"
        ).rstrip()


def row_of_load(what: str, outcome: Outcome, used: Usage, remarks: str = "") -> Row:
    """The row of a load of pings, during which the processes of the server used that much."""
    cpu_server, cpu_database = used.per(outcome.answers)
    if outcome.refused:
        remarks = f"{outcome.refused} refused {remarks}".rstrip()
    return Row(
        what=what,
        rate=outcome.rate,
        p50=outcome.percentile(50),
        p99=outcome.percentile(99),
        worst=outcome.percentile(100),
        cpu_server=cpu_server,
        cpu_database=cpu_database,
        remarks=remarks,
    )


def memory_row(what: str, processes: Processes) -> Row:
    """The memory that the processes of the server have now."""
    server, database = processes.megabytes()
    return Row(what=what, remarks=f"server {server:.0f} MB, database {database:.0f} MB")


def print_table(rows: Iterable[Row]) -> None:
    """Print the rows as they come."""
    print("times in milliseconds; CPU of server and database in microseconds per answer")
    print(_HEAD)
    for row in rows:
        print(row, flush=True)


def percentile(ordered: list[float], percent: float) -> float:
    """Of values in ascending order."""
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def _cell(value: float | None, width: int, digits: int) -> str:
    return " " * width if value is None else f"{value:{width}.{digits}f}"
