from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from hcserver.errors import Unavailable
from hcserver.services.intake.answered_mark import AnsweredMark
from hcserver.services.intake.repetitions import ANSWER_TIME, Repetitions
from hcserver.storage import Storage
from tests.hcserver.services.conftest import START, FakeClock
from tests.hcserver.storage.stores import storage_of

TICK = timedelta(milliseconds=1)


@pytest.fixture
def storage(database: Any) -> Storage:
    return storage_of(database)


def make(storage: Storage, clock: FakeClock) -> tuple[AnsweredMark, Repetitions]:
    repetitions = Repetitions(clock)
    return AnsweredMark(storage.heartbeat, repetitions, clock), repetitions


async def test_it_follows_the_clock_while_mails_come_in_and_rests_when_all_are_covered(
    storage: Storage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, repetitions = make(storage, clock)
    await mark.start()
    clock.advance(60)
    await mark.write()
    assert await storage.heartbeat.answered() == START - TICK
    repetitions.stored(uuid4(), 1, clock(), b"twelve-bytes")
    await mark.write()
    assert await storage.heartbeat.answered() == clock() - ANSWER_TIME
    clock.advance(2)
    await mark.write()
    covering = await storage.heartbeat.answered()
    assert covering == clock() - ANSWER_TIME
    clock.advance(2)
    await mark.write()
    assert await storage.heartbeat.answered() == covering
    await mark.stop()


async def test_after_an_orderly_stop_everything_is_answered(storage: Storage, clock: FakeClock) -> None:
    mark, repetitions = make(storage, clock)
    await mark.start()
    clock.advance(60)
    repetitions.stored(uuid4(), 1, clock(), b"twelve-bytes")
    await mark.stop()
    assert await storage.heartbeat.answered() == clock() + TICK


async def test_the_mark_never_goes_back(storage: Storage) -> None:
    await storage.heartbeat.note_answered(START)
    await storage.heartbeat.note_answered(START - TICK)
    assert await storage.heartbeat.answered() == START


async def test_a_start_that_failed_takes_its_own_mark_for_nobody_elses(
    storage: Storage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await storage.heartbeat.note_answered(START - timedelta(seconds=20))
    mark, repetitions = make(storage, clock)
    note = storage.heartbeat.note_answered

    async def carried_out_but_failed(before: Any) -> None:
        await note(before)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(storage.heartbeat, "note_answered", carried_out_but_failed)
    with pytest.raises(Unavailable):
        await mark.start()
    monkeypatch.setattr(storage.heartbeat, "note_answered", note)
    await mark.start()
    assert repetitions._answered_before_start == START - timedelta(seconds=20)
    await mark.stop()


async def test_a_stop_with_the_database_away_is_logged(
    storage: Storage, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mark, _ = make(storage, clock)
    await mark.start()

    async def away(before: Any) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(storage.heartbeat, "note_answered", away)
    await mark.stop()
    assert "may be taken for repetitions" in caplog.text
