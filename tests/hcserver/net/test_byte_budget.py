from __future__ import annotations

import pytest

from hcserver.net.byte_budget import LOG_INTERVAL, ByteBudget


def test_memory_is_taken_and_given_back() -> None:
    budget = ByteBudget(10)
    one, other = budget.share(), budget.share()
    assert one.take(6)
    assert not other.take(5)
    assert other.take(4)
    one.give_back()
    one.give_back()
    assert budget.free == 6
    assert other.take(6)
    assert not one.take(1)
    other.give_back()
    assert budget.free == 10


def test_a_budget_that_is_used_up_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    seconds = [1000.0]
    budget = ByteBudget(0, lambda: seconds[0])
    for _ in range(5):
        assert not budget.share().take(1)
    assert len(caplog.messages) == 1
    seconds[0] += LOG_INTERVAL
    assert not budget.share().take(1)
    assert len(caplog.messages) == 2
