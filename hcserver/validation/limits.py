"""Limits of fields that several kinds of requests have. Lengths count characters."""

from __future__ import annotations

from typing import Final

MAX_NAME: Final = 100  # of a check, channel, maintenance window or project
MAX_TAG: Final = 100
MAX_TAGS: Final = 500  # all tags together
MAX_SCHEDULE: Final = 100
MAX_MOMENT: Final = 10_000_000_000  # UNIX time, seconds: in the year 2286
