"""The list of checks that people look at: filtered, and in the order of its columns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from hcserver.domain.check import Check
from hcserver.domain.check_filter import CheckFilter
from hcserver.domain.shown_state import STATES, ShownState, state_of
from hcserver.domain.status import expected_at
from hcserver.services.reading.project_reader import ProjectReader

Order = Literal["state", "name", "last", "next"]
_PER_TURN = 1000  # checks that are looked at, some 3 ms, before others get their turn
_RANKS: Final[dict[ShownState, int]] = {state: rank for rank, state in enumerate(STATES)}


class ListedCheck(NamedTuple):
    """A check with the state that people see."""

    check: Check
    state: ShownState


class CheckList(NamedTuple):
    """The checks that the filter lets through, in order, and how many of all checks are in which state."""

    found: list[ListedCheck]
    counts: dict[ShownState, int]
    total: int


async def list_checks(
    reader: ProjectReader, project: UUID, wanted: CheckFilter, order: Order = "state"
) -> CheckList:
    """Raises Unavailable."""
    shown = await reader.shown(project)
    counts: dict[ShownState, int] = dict.fromkeys(STATES, 0)
    found: list[tuple[Any, ListedCheck]] = []
    key = _KEYS[order]
    for start in range(0, len(shown), _PER_TURN):
        for check, status in shown[start : start + _PER_TURN]:
            state = state_of(check, status)
            counts[state] += 1
            if wanted.matches(check, state):
                listed = ListedCheck(check, state)
                found.append(((*key(listed), check.name.casefold(), check.id), listed))
        await asyncio.sleep(0)
    found.sort(key=lambda one: one[0])
    return CheckList([listed for _, listed in found], counts, len(shown))


def _last(listed: ListedCheck) -> tuple[float]:
    at = listed.check.last_ping
    return (-at.timestamp() if at else 0.0,)


def _next(listed: ListedCheck) -> tuple[float]:
    at = expected_at(listed.check)
    return (at.timestamp() if at else float("inf"),)


_KEYS: Final[dict[Order, Callable[[ListedCheck], tuple[float, ...]]]] = {
    "state": lambda listed: (_RANKS[listed.state],),
    "name": lambda _: (),
    "last": _last,
    "next": _next,
}
