from __future__ import annotations

import pytest

from hcserver.services.accounts import recent as module
from hcserver.services.accounts.recent import Recent
from tests.hcserver.services.conftest import FakeClock


def test_a_value_is_kept_for_five_seconds(clock: FakeClock) -> None:
    recent: Recent[str, int] = Recent(clock)
    assert recent.get("a") is None
    recent.put("a", 1, recent.changes)
    clock.advance(4.9)
    assert recent.get("a") == 1
    clock.advance(0.1)
    assert recent.get("a") is None
    recent.put("a", 1, recent.changes)
    clock.advance(-10)
    assert recent.get("a") is None


def test_a_replaced_value_stays_as_old_as_it_is(clock: FakeClock) -> None:
    recent: Recent[str, int] = Recent(clock)
    recent.replace("a", 1)
    assert recent.get("a") is None
    recent.put("a", 1, recent.changes)
    clock.advance(4)
    recent.replace("a", 2)
    assert recent.get("a") == 2
    clock.advance(1)
    assert recent.get("a") is None


def test_what_was_read_before_a_change_is_not_kept(clock: FakeClock) -> None:
    recent: Recent[str, int] = Recent(clock)
    before = recent.changes
    recent.forget("b")
    recent.put("a", 1, before)
    assert recent.get("a") is None
    before = recent.changes
    recent.forget_all()
    recent.put("a", 1, before)
    assert recent.get("a") is None


def test_one_key_or_all_are_forgotten(clock: FakeClock) -> None:
    recent: Recent[str, int] = Recent(clock)
    for key in "abc":
        recent.put(key, 1, recent.changes)
    recent.forget("a")
    assert [recent.get(key) for key in "abc"] == [None, 1, 1]
    recent.forget_all()
    assert [recent.get(key) for key in "abc"] == [None, None, None]


def test_a_limited_number_of_values_is_kept(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    recent: Recent[str, int] = Recent(clock)
    for key in "abac":
        recent.put(key, 1, recent.changes)
    assert [recent.get(key) for key in "abc"] == [1, None, 1]
