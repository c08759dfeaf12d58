from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from hcserver import worker_processes
from hcserver.domain.keywords import Rules
from hcserver.errors import Unavailable
from hcserver.services.classification.examination import Question
from hcserver.services.classification.pool import Pool
from tests.smtp.fakes import Client, FakeIntake, listening

FAILED = Question(rules=Rules(failure="failed"), subject=False, body=True)
LARGE = b"Subject: report\n\n" + b"line of a log\n" * 100_000 + b"backup failed\n"
# Takes half a minute.
PATHOLOGICAL = (
    b"Content-Type: multipart/x; boundary=b\n\n" + b"--b\nContent-Type: text/html\n\n<p>x\n" * 150_000
)


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(workers=1)
    yield pool
    await pool.close()


def pids(pool: Pool) -> list[int]:
    return [each.process.pid for each in pool._processes._idle]


async def test_small_messages_need_no_process(pool: Pool) -> None:
    examination = await pool.examine(b"\nfailed", [FAILED])
    assert examination.reasons[0].signal == "fail"
    assert pids(pool) == []


async def test_large_messages_share_a_process(pool: Pool) -> None:
    for _ in range(2):
        examination = await pool.examine(LARGE, [FAILED, FAILED])
        assert [reason.signal for reason in examination.reasons] == ["fail", "fail"]
        assert (examination.subject, examination.text, examination.complete) == ("report", None, True)
    assert len(pids(pool)) == 1


async def test_the_text_of_a_large_message_comes_back_on_demand(pool: Pool) -> None:
    examination = await pool.examine(LARGE, [FAILED], with_text=True)
    assert examination.text is not None
    assert examination.text.endswith("backup failed\n")


async def test_a_large_message_does_not_hold_the_event_loop(pool: Pool) -> None:
    await pool.examine(LARGE, [FAILED])
    examining = asyncio.create_task(pool.examine(LARGE * 7, [FAILED]))
    longest = 0.0
    while not examining.done():
        before = time.thread_time()  # whatever else the machine does
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - before)
    assert (await examining).complete
    assert longest < 0.2  # it takes some 20 ms


async def test_a_pathological_message_is_given_up_and_the_next_one_read() -> None:
    pool = Pool(workers=1, time_limit=1.0)
    try:
        examination = await pool.examine(PATHOLOGICAL, [FAILED, msgspec.structs.replace(FAILED, body=False)])
        assert not examination.complete
        assert [reason.where for reason in examination.reasons] == ["unread", "unfiltered"]
        assert pids(pool) == []
        pool._time_limit = 15
        assert (await pool.examine(LARGE, [FAILED])).complete
    finally:
        await pool.close()


async def test_a_process_that_died_while_idle_is_replaced(pool: Pool) -> None:
    await pool.examine(LARGE, [FAILED])
    (idle,) = pool._processes._idle
    idle.process.kill()
    await idle.process.wait()
    assert (await pool.examine(LARGE, [FAILED])).complete
    assert pids(pool) != [idle.process.pid]


async def test_a_process_that_dies_at_work_means_giving_up(pool: Pool) -> None:
    await pool.examine(LARGE, [FAILED])
    (pid,) = pids(pool)
    os.kill(pid, signal.SIGSTOP)
    examining = asyncio.create_task(pool.examine(LARGE, [FAILED]))
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    assert not (await examining).complete


async def test_when_no_process_is_free_for_long_the_sender_has_to_come_back() -> None:
    pool = Pool(workers=1, patience=0.05)
    busy = asyncio.create_task(pool.examine(PATHOLOGICAL, [FAILED]))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await pool.examine(LARGE, [FAILED])
    busy.cancel()
    with pytest.raises(asyncio.CancelledError):
        await busy
    assert (await pool.examine(LARGE, [FAILED])).complete
    await pool.close()


async def test_an_idle_process_is_ended(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_processes, "IDLE", 0.0)
    taken: list[Any] = []
    put_back = pool._processes._put_back

    def note_and_put_back(each: Any) -> None:
        taken.append(each)
        put_back(each)

    monkeypatch.setattr(pool._processes, "_put_back", note_and_put_back)
    await pool.examine(LARGE, [FAILED])
    assert await taken[0].process.wait() == 0
    assert pids(pool) == []


async def test_where_no_process_can_be_started_the_sender_has_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    pool = Pool(workers=1)
    with pytest.raises(Unavailable):
        await pool.examine(LARGE, [FAILED])


async def test_a_ping_by_a_large_mail_is_recorded_with_its_classification() -> None:
    services = FakeIntake()
    check = services.add(filter_body=True, failure_kw="backup failed")
    async with listening(services) as (_, port), Client.connect(port) as client:
        assert (await client.mail(LARGE.replace(b"\n", b"\r\n"), check)).startswith("250")
    assert services.reports[0].signal == "fail"
