from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hcserver.worker_processes import LENGTH_BYTES, Lost, WorkerPool

PROGRAM = """
import os, sys, time

def read():
    length = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(int.from_bytes(length, "big")) if len(length) == 4 else None

def write(data):
    sys.stdout.buffer.write(len(data).to_bytes(4, "big") + data)
    sys.stdout.buffer.flush()

while (request := read()) is not None:
    if request == b"hang":
        time.sleep(600)
    elif request == b"crash":
        os._exit(3)
    elif request == b"babble":
        sys.stdout.buffer.write(b"\\xff" * 8)
        sys.stdout.buffer.flush()
    elif request == b"environment":
        write(repr(sorted(os.environ)).encode())
    elif request.startswith(b"meet "):
        place = request[5:].decode()
        open(os.path.join(place, str(os.getpid())), "w").close()
        while len(os.listdir(place)) < 2:
            time.sleep(0.002)
        write(str(os.getpid()).encode())
    else:
        write(str(os.getpid()).encode() + b" " + request)
"""


@asynccontextmanager
async def processes(folder: Path, count: int = 2) -> AsyncIterator[WorkerPool]:
    (folder / "answering.py").write_text(PROGRAM)
    pool = WorkerPool("answering", count=count, environment={"PYTHONPATH": str(folder)})
    try:
        yield pool
    finally:
        await pool.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_process_is_used_again(tmp_path: Path) -> None:
    async with processes(tmp_path) as pool:
        first, second = await pool.ask(b"a", 10), await pool.ask(b"x" * 300_000, 10)
        assert first.split()[0] == second.split()[0]
        assert second.split()[1] == b"x" * 300_000
    assert not alive(int(first.split()[0]))


async def test_a_process_that_takes_too_long_is_killed_and_the_next_request_gets_another(
    tmp_path: Path,
) -> None:
    async with processes(tmp_path, count=1) as pool:
        pid = int((await pool.ask(b"a", 10)).split()[0])
        with pytest.raises(TimeoutError):
            await pool.ask(b"hang", 0.05)
        assert not alive(pid)
        assert int((await pool.ask(b"a", 10)).split()[0]) != pid


async def test_a_cancelled_request_takes_its_process_with_it(tmp_path: Path) -> None:
    async with processes(tmp_path, count=1) as pool:
        pid = int((await pool.ask(b"a", 10)).split()[0])
        task = asyncio.create_task(pool.ask(b"hang", 60))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not alive(pid)
        assert await pool.ask(b"a", 10)


@pytest.mark.parametrize("request_", [b"crash", b"babble"])
async def test_a_process_that_crashes_or_babbles_is_lost_and_the_next_request_gets_another(
    tmp_path: Path, request_: bytes
) -> None:
    async with processes(tmp_path, count=1) as pool:
        with pytest.raises(Lost):
            await pool.ask(request_, 10)
        assert (await pool.ask(b"a", 10)).endswith(b" a")


async def test_a_process_that_was_killed_while_idle_is_replaced(tmp_path: Path) -> None:
    async with processes(tmp_path, count=1) as pool:
        pid = int((await pool.ask(b"a", 10)).split()[0])
        worker = pool._idle[0]
        os.kill(worker.process.pid, signal.SIGKILL)
        await worker.process.wait()
        assert int((await pool.ask(b"a", 10)).split()[0]) != pid


async def test_requests_run_side_by_side_but_in_no_more_processes_than_allowed(tmp_path: Path) -> None:
    place = tmp_path / "meeting"
    place.mkdir()
    async with processes(tmp_path, count=2) as pool:
        # Each waits for another: one process alone would never end.
        pids = await asyncio.gather(*(pool.ask(b"meet " + bytes(place), 20) for _ in range(2)))
        assert len(set(pids)) == 2
        later = await asyncio.gather(*(pool.ask(b"a", 20) for _ in range(10)))
        assert {answer.split()[0] for answer in later} <= set(pids)


async def test_an_idle_process_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcserver.worker_processes.IDLE", 0.0)
    async with processes(tmp_path) as pool:
        await pool.ask(b"a", 10)
        process = pool._idle[0].process
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        assert not pool._idle


async def test_the_environment_is_the_one_given(tmp_path: Path) -> None:
    async with processes(tmp_path) as pool:
        names = await pool.ask(b"environment", 10)
    assert set(eval(names)) <= {"PYTHONPATH", "LC_CTYPE"}


async def test_a_program_that_can_not_be_started_is_lost(tmp_path: Path) -> None:
    pool = WorkerPool("there.is.no.such.module", count=1, environment={"PYTHONPATH": str(tmp_path)})
    with pytest.raises(Lost):
        await pool.ask(b"a", 10)
    assert LENGTH_BYTES == 4
    await pool.close()
