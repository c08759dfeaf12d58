"""A flip: a change of a check's status."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from hcserver.domain.check import Status

# "too-short": a success ended a run sooner than the check's min_runtime.
Cause = Literal["ping", "fail", "too-short", "timeout", "pause", "resume"]


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """One flip. `n` counts a check's flips from 1 without gaps; (check, n) identifies it for ever.

    The order of flips is that of n. Their moments (`at`) never decrease.
    """

    check: UUID
    n: int
    at: datetime
    old: Status
    new: Status
    reason: Cause

    @property
    def up(self) -> bool:
        """Whether the check went up; the API shows flips by this."""
        return self.new == "up"
