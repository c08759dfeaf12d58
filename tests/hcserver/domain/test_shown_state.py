from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from hcserver.domain.check import Check
from hcserver.domain.shown_state import ShownState, headline, state_of
from hcserver.domain.status import ShownStatus

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "running", "state"),
    [
        ("new", False, "new"),
        ("new", True, "running"),
        ("up", True, "running"),
        ("up", False, "up"),
        ("grace", True, "late"),
        ("down", True, "down"),
        ("paused", False, "paused"),
    ],
)
def test_a_check_that_needs_no_attention_shows_that_it_is_running(
    status: ShownStatus, running: bool, state: ShownState
) -> None:
    some = UUID(int=1)
    started: Any = {"last_start": NOW} if running else {}
    assert state_of(Check(id=some, project=some, badge=some, created=NOW, **started), status) == state


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({}, "No checks yet"),
        ({"down": 1, "grace": 2}, "1 check is down"),
        ({"down": 3, "up": 1}, "3 checks are down"),
        ({"grace": 1, "up": 1}, "1 check is late"),
        ({"grace": 2}, "2 checks are late"),
        ({"new": 1}, "Waiting for the first ping"),
        ({"new": 2}, "Waiting for the first pings"),
        ({"paused": 1}, "The only check is paused"),
        ({"paused": 2}, "All 2 checks are paused"),
        ({"up": 1}, "The only check is fine"),
        ({"up": 12, "new": 1, "paused": 1}, "All 14 checks are fine"),
    ],
)
def test_what_matters_most_is_said_in_a_sentence(counts: dict[ShownStatus, int], sentence: str) -> None:
    assert headline(counts) == sentence
