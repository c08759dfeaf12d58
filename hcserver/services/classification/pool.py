"""Where messages are read: small ones on the spot, costly ones by worker processes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from hcserver.errors import Unavailable
from hcserver.mime.html import html_to_text
from hcserver.services.classification.examination import Examination, Question, examine_inline, give_up
from hcserver.services.classification.worker import Request, answer_decoder
from hcserver.worker_processes import Busy, Lost, WorkerPool

log = logging.getLogger(__name__)

WORKERS = 2
TIME_LIMIT = 15.0  # seconds of a worker's time for one message
PATIENCE = 20.0  # seconds that a message waits for a worker


class Pool:
    """Reads messages without ever keeping the event loop for long. Workers are started when needed."""

    def __init__(
        self, workers: int = WORKERS, time_limit: float = TIME_LIMIT, patience: float = PATIENCE
    ) -> None:
        self._time_limit = time_limit
        self._patience = patience
        self._processes = WorkerPool("hcserver.services.classification.worker", count=workers)
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
        request = Request(raw=raw, questions=list(questions), with_text=with_text)
        try:
            answer = await self._processes.ask(
                msgspec.msgpack.encode(request), self._time_limit, self._patience
            )
            return answer_decoder.decode(answer)
        except (TimeoutError, Lost, msgspec.MsgspecError) as error:
            log.warning("gave up reading an email of %d bytes: %r", len(raw), error)
            return give_up(raw, questions)
        except Busy:
            raise Unavailable("too many large messages at a time, try again") from None
        except OSError as error:
            log.error("no process to read large emails in: %s", error)
            raise Unavailable("large messages can't be read now, try again") from error

    async def close(self) -> None:
        """End the workers; those that are reading a message when they have read it."""
        await self._processes.close()
