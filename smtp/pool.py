"""Where messages are read: small ones on the spot, costly ones by worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

import msgspec

from hcserver.errors import Unavailable
from smtp.examine import Examination, Question, examine_inline, give_up
from smtp.markup import html_to_text
from smtp.worker import LENGTH_BYTES, Request, answer_decoder

log = logging.getLogger(__name__)

WORKERS = 2
TIME_LIMIT = 15.0  # seconds of a worker's time for one message
PATIENCE = 20.0  # seconds that a message waits for a worker
IDLE = 60.0  # seconds after which a worker without work is ended; the next one takes 0.3 s to start

_PIECE = 64 * 1024  # bytes handed to a pipe at a time


class Pool:
    """Reads messages without ever keeping the event loop for long. Workers are started when needed."""

    def __init__(
        self, workers: int = WORKERS, time_limit: float = TIME_LIMIT, patience: float = PATIENCE
    ) -> None:
        self._time_limit = time_limit
        self._patience = patience
        self._slots = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []
        self._closed = False
        html_to_text("<p>")  # the parser's first document takes 20 ms: not when there is work

    async def examine(
        self, raw: bytes, questions: Sequence[Question], with_text: bool = False
    ) -> Examination:
        """What the questions make of the message; with the text that was there to search, if wanted.

        A message that takes too long is given up, with the defaults as the answer. Raises Unavailable if no
        worker is to be had.
        """
        examination = examine_inline(raw, questions, with_text)
        if examination is not None:
            return examination
        try:
            async with asyncio.timeout(self._patience):
                await self._slots.acquire()
        except TimeoutError:
            raise Unavailable("too many large messages at a time, try again") from None
        try:
            return await self._examine_apart(Request(raw=raw, questions=list(questions), with_text=with_text))
        finally:
            self._slots.release()

    async def close(self) -> None:
        """End the workers; those that are reading a message when they have read it."""
        self._closed = True
        while self._idle:
            worker = self._idle.pop()
            worker.dismiss()
            await worker.process.wait()

    async def _examine_apart(self, request: Request) -> Examination:
        worker = await self._take()
        try:
            async with asyncio.timeout(self._time_limit):
                examination = await worker.ask(request)
        except (TimeoutError, OSError, asyncio.IncompleteReadError, msgspec.MsgspecError) as error:
            log.warning("gave up reading an email of %d bytes: %r", len(request.raw), error)
            await worker.kill()
            return give_up(request.questions)
        except asyncio.CancelledError:
            await worker.kill()
            raise
        self._put_back(worker)
        return examination

    async def _take(self) -> _Worker:
        while self._idle:
            worker = self._idle.pop()
            worker.timer.cancel()
            if worker.process.returncode is None:
                return worker
        try:
            return await _Worker.start()
        except OSError as error:
            log.error("no process to read large emails in: %s", error)
            raise Unavailable("large messages can't be read now, try again") from error

    def _put_back(self, worker: _Worker) -> None:
        if self._closed:
            worker.dismiss()
            return
        self._idle.append(worker)
        worker.timer = asyncio.get_running_loop().call_later(IDLE, self._retire, worker)

    def _retire(self, worker: _Worker) -> None:
        self._idle.remove(worker)
        worker.dismiss()


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
    async def start(cls) -> _Worker:
        """Raises OSError. In a session of its own: Ctrl-C is for the server, which then closes the pipe."""
        command = (sys.executable, "-P", "-m", "smtp.worker")
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        return cls(process, process.stdin, process.stdout)

    async def ask(self, request: Request) -> Examination:
        """Raises OSError or IncompleteReadError when the process is gone."""
        data = msgspec.msgpack.encode(request)
        self._requests.write(len(data).to_bytes(LENGTH_BYTES, "big"))
        for at in range(0, len(data), _PIECE):
            self._requests.write(data[at : at + _PIECE])
            await self._requests.drain()
        length = await self._answers.readexactly(LENGTH_BYTES)
        return answer_decoder.decode(await self._answers.readexactly(int.from_bytes(length, "big")))

    def dismiss(self) -> None:
        """It ends by itself when it has nothing more to read."""
        self.timer.cancel()
        self._requests.close()

    async def kill(self) -> None:
        self._requests.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
