"""The state of a check in one word, as people see it in lists: its status, or that it is running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from hcserver.domain.check import Check
from hcserver.domain.status import ShownStatus

ShownState = Literal["down", "late", "running", "up", "paused", "new"]
STATES: Final[tuple[ShownState, ...]] = get_args(ShownState)  # those that need attention first

_ATTENTION: Final[tuple[tuple[ShownStatus, str, str], ...]] = (
    ("down", "is down", "are down"),
    ("grace", "is late", "are late"),
)


def state_of(check: Check, status: ShownStatus) -> ShownState:
    """The state that people see when the check shows this status."""
    if status == "grace":
        return "late"
    if check.last_start is not None and status in ("up", "new"):
        return "running"
    return status


def headline(counts: Mapping[ShownStatus, int]) -> str:
    """What matters most about checks of which so many show each status, in a sentence."""
    total = sum(counts.values())
    if not total:
        return "No checks yet"
    for status, singular, plural in _ATTENTION:
        if count := counts.get(status, 0):
            return f"1 check {singular}" if count == 1 else f"{count} checks {plural}"
    if counts.get("new") == total:
        return "Waiting for the first ping" if total == 1 else "Waiting for the first pings"
    if counts.get("paused") == total:
        return "The only check is paused" if total == 1 else f"All {total} checks are paused"
    return "The only check is fine" if total == 1 else f"All {total} checks are fine"
