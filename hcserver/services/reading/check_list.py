"""The list of checks that people look at: filtered, and in the order of its columns."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from heapq import merge
from itertools import islice
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.check_filter import CheckFilter
from hcserver.domain.shown_state import STATES, ShownState, state_of
from hcserver.domain.status import ShownStatus, expected_at
from hcserver.services.reading.project_reader import ProjectReader

Order = Literal["state", "name", "last", "next"]
_PER_TURN = 200  # checks that are looked at, a few milliseconds at most, before others get their turn
_RANKS: Final[dict[ShownState, int]] = {state: rank for rank, state in enumerate(STATES)}


_Key = Callable[["ListedCheck"], tuple[float, ...]]
_Keyed = tuple[Any, "ListedCheck"]  # with what it is ordered by


class ListedCheck(NamedTuple):
    """A check with the state that people see."""

    check: Check
    state: ShownState


class CheckList(NamedTuple):
    """The first checks that the filter lets through, in order; how many it lets through; and how many of all
    checks of the project show which status.
    """

    found: list[ListedCheck]
    size: int
    counts: Counter[ShownStatus]


async def list_checks(
    reader: ProjectReader,
    project: UUID,
    wanted: CheckFilter,
    order: Order = "state",
    limit: int | None = None,
) -> CheckList:
    """`limit` checks at most; None: all. Raises Unavailable."""
    shown = await reader.shown(project)
    counts: Counter[ShownStatus] = Counter()
    pieces: list[list[_Keyed]] = []
    for start in range(0, len(shown), _PER_TURN):
        turn = shown[start : start + _PER_TURN]
        counts.update(status for _, status in turn)
        pieces.append(_selected(turn, wanted, _KEYS[order]))
        await asyncio.sleep(0)
    found: list[ListedCheck] = []
    for position, (_, listed) in enumerate(islice(merge(*pieces), limit)):
        found.append(listed)
        if position % _PER_TURN == 0:
            await asyncio.sleep(0)
    return CheckList(found, sum(map(len, pieces)), counts)


def _selected(shown: Iterable[tuple[Check, ShownStatus]], wanted: CheckFilter, key: _Key) -> list[_Keyed]:
    """Those that the filter lets through, in order. No two keys are equal: each ends with the check's id."""
    selected: list[_Keyed] = []
    for check, status in shown:
        listed = ListedCheck(check, state_of(check, status))
        if wanted.matches(check, listed.state):
            selected.append(((*key(listed), check.name.casefold(), check.id), listed))
    selected.sort()
    return selected


def _last(listed: ListedCheck) -> tuple[float]:
    at = listed.check.last_ping
    return (-at.timestamp() if at else 0.0,)


def _next(listed: ListedCheck) -> tuple[float]:
    at = expected_at(listed.check)
    return (at.timestamp() if at else float("inf"),)


_KEYS: Final[dict[Order, _Key]] = {
    "state": lambda listed: (_RANKS[listed.state],),
    "name": lambda _: (),
    "last": _last,
    "next": _next,
}
