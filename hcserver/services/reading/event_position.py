"""Where a listener is in what happens in a project."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from hcserver.errors import InvalidRequest


class Position(NamedTuple):
    """Everything that happened before `at` was told, but for notifications of `pending` and later that were
    not settled. As text it is the id of an event, with which a listener resumes.
    """

    at: datetime
    pending: datetime

    def __str__(self) -> str:
        return f"{_milliseconds(self.at)}-{_milliseconds(self.pending)}"

    @staticmethod
    def parse(text: str) -> Position:
        """Raises InvalidRequest."""
        numbers = text.split("-")
        if len(numbers) != 2 or not all(_is_moment(number) for number in numbers):
            raise InvalidRequest("Last-Event-ID is not the id of an event")
        at, pending = (datetime.fromtimestamp(int(number) / 1000, UTC) for number in numbers)
        return Position(at, min(at, pending))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _is_moment(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 13
