from __future__ import annotations

import itertools
import math

import pytest

from hcserver.runner.request import NotDelivered
from hcserver.runner.retry import pauses, retry


class Time:
    """A clock that pauses move on, and attempts that succeed at a certain time."""

    def __init__(self, works_at: float, patience: float = math.inf) -> None:
        self.now = 0.0
        self.attempts: list[float] = []
        self.works_at = works_at
        self.patience = patience

    def attempt(self) -> str:
        self.attempts.append(self.now)
        if self.now < self.works_at:
            raise NotDelivered(f"failure {len(self.attempts)}", self.patience)
        return "delivered"

    def pause(self, seconds: float) -> bool:
        self.now += seconds
        return True

    def retry(self, patience: float) -> str:
        return retry(self.attempt, patience=patience, pause=self.pause, clock=lambda: self.now)


def test_pauses_double_up_to_a_quarter_of_a_minute_and_differ() -> None:
    some = list(itertools.islice(pauses(), 50))
    for seconds, longest in zip(some, [1, 2, 4, 8, *[15] * 46], strict=True):
        assert longest / 2 <= seconds <= longest
    assert len(set(some)) == 50


def test_it_is_tried_until_it_works() -> None:
    time = Time(works_at=200)
    assert time.retry(patience=300) == "delivered"
    assert 200 <= time.now < 215


def test_no_attempt_begins_when_patience_has_ended() -> None:
    time = Time(works_at=math.inf)
    with pytest.raises(NotDelivered, match="failure"):
        time.retry(patience=300)
    assert 285 <= time.attempts[-1] <= 300


def test_without_patience_there_is_one_attempt() -> None:
    time = Time(works_at=math.inf)
    with pytest.raises(NotDelivered):
        time.retry(patience=0)
    assert time.attempts == [0]


def test_a_failure_says_how_long_trying_again_is_worth_it() -> None:
    time = Time(works_at=math.inf, patience=30)
    with pytest.raises(NotDelivered):
        time.retry(patience=math.inf)
    assert len(time.attempts) > 3
    assert time.attempts[-1] <= 30


def test_a_pause_can_end_it() -> None:
    with pytest.raises(NotDelivered, match="failure 1"):
        retry(Time(9).attempt, patience=math.inf, pause=lambda seconds: False, clock=lambda: 0.0)
