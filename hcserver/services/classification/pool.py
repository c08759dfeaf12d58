"""Classifies messages: small ones in the event loop, costly ones in worker processes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from hcserver.errors import Unavailable
from hcserver.services.classification.examination import Examination, Question, examine_inline, give_up
from hcserver.services.classification.worker import Request, answer_decoder
from hcserver.worker_processes import Busy, Lost, WorkerPool

log = logging.getLogger(__name__)

WORKERS = 2
TIME_LIMIT = 15.0  # seconds of a worker's time for one message
PATIENCE = 20.0  # seconds that a message waits for a free worker


class Pool:
    """Classifies messages without blocking the event loop for more than some milliseconds.

    Workers are started when they are needed.
    """

    def __init__(
        self, workers: int = WORKERS, time_limit: float = TIME_LIMIT, patience: float = PATIENCE
    ) -> None:
        self._time_limit = time_limit
        self._patience = patience
        self._processes = WorkerPool("hcserver.services.classification.worker", count=workers)

    async def examine(
        self, raw: bytes, questions: Sequence[Question], with_text: bool = False
    ) -> Examination:
        """The answers to the questions about the message; with the text that was searched, if wanted.

        A message that can't be read within the time limit is answered by `give_up`. Raises Unavailable if
        all workers stay busy or none can be started.
        """
        examination = examine_inline(raw, questions, with_text)
        if examination is not None:
            return examination
        request = Request(raw=raw, questions=list(questions), with_text=with_text)
        try:
            answer = await self._processes.ask(
                msgspec.msgpack.encode(request), self._time_limit, self._patience
            )
            return answer_decoder.decode(answer)
        except (TimeoutError, Lost, msgspec.MsgspecError) as error:
            log.warning("an email of %d bytes could not be read in time: %r", len(raw), error)
            return give_up(raw, questions)
        except Busy:
            raise Unavailable("too many large messages at a time, try again") from None
        except OSError as error:
            log.error("can't start a process to read large emails: %s", error)
            raise Unavailable("large messages can't be read now, try again") from error

    async def close(self) -> None:
        """End the workers; one that is reading a message ends when it has answered."""
        await self._processes.close()
