from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.hcserver.services.conftest import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """It stands at the real time: the database removes what has expired by its own clock (TTL indexes)."""
    clock = FakeClock()
    clock.now = datetime.now(UTC).replace(microsecond=0)
    return clock
