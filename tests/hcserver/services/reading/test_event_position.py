from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hcserver.errors import InvalidRequest
from hcserver.services.reading.event_position import Position

EARLIER, LATER = datetime(2030, 1, 31, 17, tzinfo=UTC), datetime(2030, 1, 31, 18, 0, 0, 123_000, tzinfo=UTC)


def test_a_position_survives_as_text() -> None:
    assert Position.parse(str(Position(LATER, EARLIER))) == Position(LATER, EARLIER)


def test_nothing_is_pending_since_later_than_the_position() -> None:
    assert Position.parse(str(Position(EARLIER, LATER))) == Position(EARLIER, EARLIER)


@pytest.mark.parametrize("text", ["", "1", "x-1", "1-", "-", "1-2-3", "-1-1", "99999999999999-1", "\u0661-1"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="Last-Event-ID is not the id of an event"):
        Position.parse(text)
