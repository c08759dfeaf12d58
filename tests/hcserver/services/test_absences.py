from __future__ import annotations

import pytest

from hcserver.services import absences
from hcserver.services.absences import Absences
from tests.hcserver.services.conftest import FakeClock


def test_a_key_is_absent_for_a_second(clock: FakeClock) -> None:
    absent: Absences[str] = Absences(clock)
    absent.add("x")
    assert "x" in absent
    assert "y" not in absent
    clock.advance(0.999)
    assert "x" in absent
    clock.advance(0.001)
    assert "x" not in absent


def test_what_is_created_is_absent_no_longer(clock: FakeClock) -> None:
    absent: Absences[str] = Absences(clock)
    for key in "xyz":
        absent.add(key)
    absent.discard("x")
    absent.discard("unknown")
    assert [key in absent for key in "xyz"] == [False, True, True]
    absent.clear()
    assert not any(key in absent for key in "xyz")


def test_no_more_keys_are_kept_than_the_limit(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absences, "MAX_ABSENT", 2)
    absent: Absences[int] = Absences(clock)
    for key in (1, 2, 1, 3):
        absent.add(key)
    assert [key in absent for key in (1, 2, 3)] == [True, False, True]


def test_a_clock_that_was_set_back_makes_no_key_absent_for_longer(clock: FakeClock) -> None:
    absent: Absences[str] = Absences(clock)
    absent.add("x")
    clock.advance(-3600)
    assert "x" not in absent
