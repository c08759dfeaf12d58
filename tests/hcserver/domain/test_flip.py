from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from hcserver.domain.check import Status
from hcserver.domain.flip import Flip


@pytest.mark.parametrize(("new", "up"), [("up", True), ("down", False), ("paused", False), ("new", False)])
def test_only_a_flip_to_up_is_up(new: Status, up: bool) -> None:
    flip = Flip(check=UUID(int=1), n=1, at=datetime.now(UTC), old="down", new=new, reason="ping")
    assert flip.up is up
