"""Worker processes, for work that may take much time or memory: unlike threads they can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from typing import BinaryIO

LENGTH_BYTES = 4  # every message on the pipes is preceded by its length, big-endian

IDLE = 60.0  # seconds after which a process without work is ended

_PIECE = 64 * 1024  # bytes handed to a pipe at a time
_MAX_ANSWER = 64 * 1024 * 1024  # bytes


class Lost(Exception):
    """The process ended, or broke the protocol, before its answer was complete."""


class Busy(Exception):
    """All processes are busy, and none became free in time."""


class WorkerPool:
    """Up to `count` processes that run `python -P -m module` and answer one request at a time.

    A process is started when it is needed, and used again until it has been idle for a minute.
    """

    def __init__(
        self, module: str, *arguments: str, count: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = (sys.executable, "-P", "-m", module, *arguments)
        self._environment = environment
        self._slots = asyncio.Semaphore(count)
        self._idle: list[_Worker] = []
        self._closed = False

    async def ask(self, request: bytes, time_limit: float, patience: float | None = None) -> bytes:
        """The answer to `request`. Waits up to `patience` seconds for a free process, None: without limit.

        The process is killed when it takes longer than `time_limit` seconds or when the caller is cancelled.
        Raises TimeoutError, Lost, Busy, or OSError when no process can be started.
        """
        try:
            async with asyncio.timeout(patience):
                await self._slots.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            worker = await self._take()
            try:
                async with asyncio.timeout(time_limit):
                    answer = await worker.ask(request)
            except (OSError, asyncio.IncompleteReadError) as error:  # TimeoutError is an OSError
                await worker.kill()
                if isinstance(error, TimeoutError):
                    raise
                raise Lost(f"{type(error).__name__}, exit status {worker.process.returncode}") from error
            except BaseException:
                await worker.kill()
                raise
            self._put_back(worker)
            return answer
        finally:
            self._slots.release()

    async def close(self) -> None:
        """End the processes; one that is working on a request ends when it has answered."""
        self._closed = True
        while self._idle:
            worker = self._idle.pop()
            worker.dismiss()
            await worker.process.wait()

    async def _take(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            worker.timer.cancel()
            if worker.process.returncode is None:
                return worker
        return await _Worker.start(self._command, self._environment)

    def _put_back(self, worker: _Worker) -> None:
        if self._closed:
            worker.dismiss()
            return
        self._idle.append(worker)
        worker.timer = asyncio.get_running_loop().call_later(IDLE, self._retire, worker)

    def _retire(self, worker: _Worker) -> None:
        self._idle.remove(worker)
        worker.dismiss()


def serve(answer: Callable[[bytes], bytes], requests: BinaryIO, answers: BinaryIO) -> None:
    """Runs in the worker process: read requests from one stream and write answers to the other, until the
    stream of requests ends.
    """
    while len(length := requests.read(LENGTH_BYTES)) == LENGTH_BYTES:
        data = answer(requests.read(int.from_bytes(length, "big")))
        answers.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
        answers.flush()


class _Worker:
    """One process and the pipes to it."""

    def __init__(
        self, process: Process, requests: asyncio.StreamWriter, answers: asyncio.StreamReader
    ) -> None:
        self.process = process
        self.timer = asyncio.get_running_loop().call_later(0, lambda: None)
        self._requests = requests
        self._answers = answers

    @classmethod
    async def start(cls, command: tuple[str, ...], environment: Mapping[str, str] | None) -> _Worker:
        """Start a process in a session of its own, so that Ctrl-C goes only to the server, which then closes
        the pipe. Raises OSError.
        """
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, start_new_session=True, env=environment
        )
        assert process.stdin is not None
        assert process.stdout is not None
        return cls(process, process.stdin, process.stdout)

    async def ask(self, request: bytes) -> bytes:
        """The answer to one request. Raises OSError or IncompleteReadError when the process has ended."""
        self._requests.write(len(request).to_bytes(LENGTH_BYTES, "big"))
        for at in range(0, len(request), _PIECE):
            self._requests.write(request[at : at + _PIECE])
            await self._requests.drain()
        length = int.from_bytes(await self._answers.readexactly(LENGTH_BYTES), "big")
        if length > _MAX_ANSWER:
            raise Lost(f"an answer of {length} bytes")
        return await self._answers.readexactly(length)

    def dismiss(self) -> None:
        """Let the process end when it has answered the current request."""
        self.timer.cancel()
        self._requests.close()

    async def kill(self) -> None:
        self._requests.close()
        if self.process.returncode is None:
            # Not process.kill(): it collects the exit status itself, and process.wait() would wait forever.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()
