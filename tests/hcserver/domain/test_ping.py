from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from hcserver.domain.keywords import Reason, Where
from hcserver.domain.ping import Ping, Signal


@pytest.mark.parametrize(
    ("type", "where", "expected"),
    [("ign", "exit status", True), ("ign", "default", False), ("ign", None, False), ("fail", "body", False)],
)
def test_an_ignored_end_is_ignored_for_its_exit_status(
    type: Signal, where: Where | None, expected: bool
) -> None:
    reason = None if where is None else Reason(signal="ign", keyword=None, where=where)
    ping = Ping(
        check=UUID(int=1), n=1, at=datetime(2026, 3, 1, tzinfo=UTC), type=type, scheme="http", remote_addr="",
        exit_status=75, reason=reason,
    )  # fmt: skip
    assert ping.ignored_end is expected
