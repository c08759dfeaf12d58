from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from hcserver.domain.ping import LoggedToken, Report
from hcserver.services.intake import repetitions as repetitions_module
from hcserver.services.intake.repetitions import ANSWER_TIME, RETRY_TIME, Receipt, Repetitions
from tests.hcserver.services.conftest import START, FakeClock

OK = b"id-one" + b"all ok"
FAILED = b"id-one" + b"failed"  # another mail under the same Message-ID
OTHER = b"id-two" + b"all ok"


@pytest.fixture
def check() -> UUID:
    return uuid4()


@pytest.fixture
def repetitions(clock: FakeClock) -> Repetitions:
    repetitions = Repetitions(clock)
    repetitions.start(None)
    return repetitions


def test_a_mail_whose_sender_has_not_heard_the_answer_may_be_repeated(
    repetitions: Repetitions, check: UUID
) -> None:
    assert not repetitions.is_repetition(check, 0, OK)
    repetitions.stored(check, 1, START, OK)
    assert repetitions.is_repetition(check, 1, OK)
    assert repetitions.is_repetition(check, 1, OK)
    assert not repetitions.is_repetition(check, 1, FAILED)
    assert not repetitions.is_repetition(uuid4(), 1, OK)


def test_a_mail_whose_sender_has_heard_the_answer_is_recorded_again(
    repetitions: Repetitions, check: UUID
) -> None:
    repetitions.stored(check, 1, START, OK)
    repetitions.acknowledged([Receipt(check, OTHER), Receipt(uuid4(), OK)])
    assert repetitions.is_repetition(check, 1, OK)
    repetitions.acknowledged([Receipt(check, OK)])
    assert not repetitions.is_repetition(check, 1, OK)


@pytest.mark.parametrize("between", [b"", FAILED, OTHER])
def test_nothing_is_a_repetition_once_another_ping_came_in_between(
    repetitions: Repetitions, check: UUID, between: bytes
) -> None:
    repetitions.stored(check, 1, START, OK)
    repetitions.stored(check, 2, START, between)
    assert not repetitions.is_repetition(check, 2, OK)


def test_a_ping_in_between_that_another_process_recorded_counts_too(
    repetitions: Repetitions, check: UUID
) -> None:
    repetitions.stored(check, 1, START, OK)
    assert not repetitions.is_repetition(check, 2, OK)


def test_a_mail_is_remembered_for_hours_and_not_for_ever(
    repetitions: Repetitions, check: UUID, clock: FakeClock
) -> None:
    repetitions.stored(check, 1, START, OK)
    clock.now = START + RETRY_TIME - timedelta(seconds=1)
    assert repetitions.is_repetition(check, 1, OK)
    clock.now = START + RETRY_TIME
    assert not repetitions.is_repetition(check, 1, OK)


def test_the_oldest_are_forgotten_when_there_are_too_many(
    repetitions: Repetitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repetitions_module, "CAPACITY", 2)
    checks = [uuid4() for _ in range(3)]
    for one in checks:
        repetitions.stored(one, 1, START, OK)
    assert [repetitions.is_repetition(one, 1, OK) for one in checks] == [False, True, True]


# -- after a restart


def restarted(clock: FakeClock, answered: datetime | None = START) -> Repetitions:
    """A process that starts ten seconds after another one was killed, which had answered all up to START."""
    clock.now = START + timedelta(seconds=10)
    repetitions = Repetitions(clock)
    repetitions.start(answered)
    return repetitions


def logged(n: int, token: bytes, seconds: float = 0.0, by_mail: bool = True) -> LoggedToken:
    return LoggedToken(n, START + timedelta(seconds=seconds), token, by_mail)


def test_what_the_killed_process_may_not_have_answered_may_be_repeated(clock: FakeClock, check: UUID) -> None:
    repetitions = restarted(clock)
    repetitions.recall(check, [logged(1, OK, -0.001), logged(2, OTHER)], START)
    assert not repetitions.is_repetition(check, 2, OK)
    assert repetitions.is_repetition(check, 2, OTHER)
    clock.advance(RETRY_TIME.total_seconds())
    assert not repetitions.is_repetition(check, 2, OTHER)


def test_without_a_mark_of_an_earlier_process_nothing_is_recalled(clock: FakeClock, check: UUID) -> None:
    repetitions = restarted(clock, None)
    repetitions.recall(check, [logged(1, OK)], None)
    assert not repetitions.is_repetition(check, 1, OK)


def test_all_who_waited_when_the_process_was_killed_may_come_back_in_any_order(
    clock: FakeClock, check: UUID
) -> None:
    repetitions = restarted(clock)
    repetitions.recall(check, [logged(1, OK), logged(2, OTHER)], START)
    repetitions.stored(check, 3, clock(), b"id-3" * 3)  # one that had not been stored
    assert repetitions.is_repetition(check, 3, OK)
    assert repetitions.is_repetition(check, 3, OTHER)
    repetitions.acknowledged([Receipt(check, OK)])
    repetitions.recall(check, [logged(1, OK), logged(2, OTHER)], START)  # the check was loaded again
    assert not repetitions.is_repetition(check, 3, OK)
    assert repetitions.is_repetition(check, 3, OTHER)


@pytest.mark.parametrize(
    "between", [logged(2, FAILED), logged(2, b"random token", by_mail=False)], ids=["same id", "http"]
)
def test_a_ping_that_shows_that_the_mail_was_meant_ends_the_memory_of_it(
    clock: FakeClock, check: UUID, between: LoggedToken
) -> None:
    repetitions = restarted(clock)
    repetitions.recall(check, [logged(1, OK), between], START)
    assert not repetitions.is_repetition(check, 2, OK)


@pytest.mark.parametrize("between", [b"", FAILED], ids=["without an id", "same id"])
def test_so_does_one_that_comes_after_the_restart(clock: FakeClock, check: UUID, between: bytes) -> None:
    repetitions = restarted(clock)
    repetitions.recall(check, [logged(1, OK)], START)
    repetitions.stored(check, 2, clock(), between)
    assert not repetitions.is_repetition(check, 2, OK)


# -- other processes at the same time


def test_what_another_process_has_just_stored_may_be_repeated_here(clock: FakeClock, check: UUID) -> None:
    repetitions = restarted(clock)
    repetitions.recall(check, [logged(1, OK, 20)], START + timedelta(seconds=19))
    assert repetitions.is_repetition(check, 1, OK)
    assert not repetitions.is_repetition(check, 2, OK)


def test_what_another_process_has_answered_may_not(clock: FakeClock, check: UUID) -> None:
    repetitions = restarted(clock)
    repetitions.recall(check, [logged(1, OK, 20)], START + timedelta(seconds=21))
    assert not repetitions.is_repetition(check, 1, OK)


def test_loading_a_check_again_brings_back_nothing_that_was_heard(clock: FakeClock, check: UUID) -> None:
    repetitions = restarted(clock)
    repetitions.stored(check, 1, clock(), OK)
    repetitions.acknowledged([Receipt(check, OK)])
    repetitions.recall(check, [logged(1, OK, 10)], START)
    assert not repetitions.is_repetition(check, 1, OK)


def test_an_append_that_failed_and_was_carried_out_is_recognised(clock: FakeClock, check: UUID) -> None:
    repetitions = restarted(clock)
    repetitions.uncertain(OK, logged(2, OK, 10).at, 2)
    clock.advance(3600)
    repetitions.recall(check, [logged(2, OK, 10)], clock())
    assert repetitions.is_repetition(check, 2, OK)


def test_an_append_that_failed_is_not_taken_for_the_same_mail_that_another_process_recorded(
    clock: FakeClock, check: UUID
) -> None:
    repetitions = restarted(clock)
    repetitions.uncertain(OK, logged(2, OK, 20).at, 2)
    clock.advance(3600)
    repetitions.recall(check, [logged(2, OK, 10)], clock())
    assert not repetitions.is_repetition(check, 2, OK)


def test_an_append_that_failed_for_good_is_not_taken_for_the_same_mail_of_an_earlier_day(
    clock: FakeClock, check: UUID
) -> None:
    repetitions = restarted(clock)
    repetitions.uncertain(OK, logged(1, OK, 10).at, 2)
    clock.advance(3600)
    repetitions.recall(check, [logged(1, OK, 10)], clock())
    assert not repetitions.is_repetition(check, 1, OK)


# -- the mark


def test_the_mark_stays_behind_what_is_not_answered(repetitions: Repetitions, clock: FakeClock) -> None:
    def report(token: bytes) -> Report:
        return Report(
            check=uuid4(), at=clock(), signal="success", scheme="email", remote_addr="", token=token
        )

    assert repetitions.mark() == START - ANSWER_TIME
    with repetitions.in_progress([report(OK)]):
        clock.advance(5)
        assert repetitions.mark() == START - ANSWER_TIME
        with repetitions.in_progress([report(b"")]):
            clock.advance(5)
    with repetitions.in_progress([report(b"")]):
        clock.advance(5)
        assert repetitions.mark() == clock() - ANSWER_TIME


def test_tokens_are_kept_only_until_the_mark_has_passed_them(
    repetitions: Repetitions, clock: FakeClock, check: UUID
) -> None:
    repetitions.stored(check, 1, START, OK)
    repetitions.acknowledged([Receipt(check, OK)])
    repetitions.marked(START + timedelta(seconds=1))
    assert not repetitions._own
    repetitions.recall(check, [LoggedToken(1, START, OK, True)], START + timedelta(seconds=1))
    assert not repetitions.is_repetition(check, 1, OK)
