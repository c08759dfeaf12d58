"""Doing the same to many checks of a project."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from hcserver.domain.check import Check
from hcserver.errors import Conflict, NotFound

DEADLINE: Final = 300.0  # seconds that a page may take: a project may have thousands of checks
_AT_ONCE: Final = 50  # checks that are changed at a time, so that they share writes


async def change_each(checks: Sequence[Check], change: Callable[[Check], Awaitable[object]]) -> int:
    """To how many checks it was done, those left out that were deleted meanwhile or are that way already.

    Raises what else `change` raises; then others may have been changed.
    """
    changed = 0
    for start in range(0, len(checks), _AT_ONCE):
        changes = map(change, checks[start : start + _AT_ONCE])
        for outcome in await asyncio.gather(*changes, return_exceptions=True):
            if isinstance(outcome, NotFound | Conflict):
                continue
            if isinstance(outcome, BaseException):
                raise outcome
            changed += 1
    return changed
