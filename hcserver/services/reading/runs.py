"""The last runs of a check, as its page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.output import first_line, first_line_of, last_line_of
from hcserver.domain.ping import Ping
from hcserver.domain.run_lines import Run, has_open_end, match_runs
from hcserver.services.management.check_reader import CheckReader

LOOK_BACK: Final = 200  # pings behind those that are shown, in which the starts of their runs are looked for
_AT_ONCE: Final = 50  # pings that are read at a time
_SCANNED: Final = 400  # pings that are looked through at most in search of runs
# What is read for first lines: bodies up to this size, as long as all of them have no more bytes than that.
_BODY_BYTES: Final = 65_536
_ALL_BYTES: Final = 1_000_000


async def last_runs(reader: CheckReader, check: Check, limit: int) -> list[Run]:
    """The last `limit` runs, the newest first, with the first line of what each wrote. Raises Unavailable.

    Among them are runs that have not ended yet. They are looked for in the last few hundred pings.
    """
    pings: list[Ping] = []
    runs: list[Run] = []
    while len(runs) < limit and len(pings) < _SCANNED:
        piece = await reader.pings(check, _AT_ONCE, pings[-1].n if pings else None)
        pings += piece
        runs = [run for run in match_runs(pings) if run.is_run]
        if len(piece) < _AT_ONCE:
            break
    runs = [run for run in await with_starts(reader, check, pings) if run.is_run]
    runs = runs[:limit]
    return with_first_lines(runs, await reader.bodies(check, small_bodies(run.ping for run in runs)))


async def with_starts(
    reader: CheckReader, check: Check, shown: list[Ping], newer: Iterable[Ping] = ()
) -> list[Run]:
    """The runs that these pings show, whose starts are looked for in the LOOK_BACK pings behind them.

    Raises Unavailable.
    """
    older: list[Ping] = []
    while shown and len(older) < LOOK_BACK and has_open_end([*shown, *older]):
        piece = await reader.pings(check, _AT_ONCE, (older or shown)[-1].n)
        older += piece
        if len(piece) < _AT_ONCE:
            break
    return match_runs(shown, newer, older, check.min_runtime)


def with_first_lines(runs: Iterable[Run], bodies: Mapping[int, bytes]) -> list[Run]:
    """The runs with the first line of what each wrote, which for an email is its subject. If the beginning of
    what it wrote is not kept, it is the last line.
    """
    return [replace(run, first_line=_first_line(run.ping, bodies.get(run.ping.n))) for run in runs]


def small_bodies(pings: Iterable[Ping]) -> list[int]:
    """The numbers of those HTTP pings whose bodies may be read for a page: small ones, and not too many."""
    chosen, total = [], 0
    for ping in pings:
        if (
            ping.scheme != "email"
            and 0 < ping.body_size <= _BODY_BYTES
            and total + ping.body_size <= _ALL_BYTES
        ):
            total += ping.body_size
            chosen.append(ping.n)
    return chosen


def _first_line(ping: Ping, body: bytes | None) -> str:
    if ping.subject:
        return first_line(ping.subject)
    if not body:
        return ""
    return last_line_of(body) if ping.cut_before else first_line_of(body)
