"""What jobs have sent, read in a worker process: emails for people, searches, comparisons."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from hcserver.domain.line_diff import Comparison
from hcserver.errors import Unavailable
from hcserver.mime.letter import Letter
from hcserver.services.reading.contents_worker import Compare, Content, ReadHtml, ReadMail, Request, Search
from hcserver.worker_processes import Busy, Lost, WorkerPool

log = logging.getLogger(__name__)

TIME_LIMIT: Final = 8.0  # seconds of the worker's time for one request
PATIENCE: Final = 8.0  # seconds that a request waits for the worker
PATIENT: Final = TIME_LIMIT + PATIENCE + 4.0  # seconds that a page which asks for one may take
MODULE: Final = "hcserver.services.reading.contents_worker"

A = TypeVar("A")
_letters = msgspec.msgpack.Decoder(Letter)
_html: msgspec.msgpack.Decoder[str | None] = msgspec.msgpack.Decoder(str | None)
_numbers = msgspec.msgpack.Decoder(list[int])
_comparisons = msgspec.msgpack.Decoder(Comparison)


class Contents:
    """Everything costly about bodies. The worker is started when it is needed, and ends when nobody does."""

    def __init__(self, time_limit: float = TIME_LIMIT, patience: float = PATIENCE) -> None:
        self._time_limit = time_limit
        self._patience = patience
        self._processes = WorkerPool(MODULE, count=1)

    async def letter(self, raw: bytes) -> Letter | None:
        """The email as people read it; None if that takes too long. Raises Unavailable."""
        return await self._ask(ReadMail(raw), _letters)

    async def html(self, raw: bytes) -> str | None:
        """The HTML of the email made safe; None if that takes too long, or there is none.

        Raises Unavailable.
        """
        return await self._ask(ReadHtml(raw), _html)

    async def search(
        self, words: str, contents: list[Content], hidden: Sequence[str] = ()
    ) -> list[int] | None:
        """The numbers of the pings whose bodies have the words, apart from what is hidden from the reader;
        None if that takes too long.

        Raises Unavailable.
        """
        if not contents:
            return []
        return await self._ask(Search(words, contents, hidden), _numbers)

    async def compare(self, old: Content, new: Content) -> Comparison | None:
        """What has changed from the old output to the new one; None if that takes too long.

        Raises Unavailable.
        """
        return await self._ask(Compare(old, new), _comparisons)

    async def close(self) -> None:
        """End the worker; if it is at work, it ends when it has answered."""
        await self._processes.close()

    async def _ask(self, request: Request, decoder: msgspec.msgpack.Decoder[A]) -> A | None:
        try:
            data = await self._processes.ask(
                msgspec.msgpack.encode(request), self._time_limit, self._patience
            )
            return decoder.decode(data)
        except (TimeoutError, Lost, msgspec.MsgspecError) as error:
            log.warning("%s took too long: %r", type(request).__name__, error)
            return None
        except Busy:
            raise Unavailable("too many people read large outputs at a time, try again") from None
        except OSError as error:
            log.error("can't start a process that reads bodies: %s", error)
            raise Unavailable("bodies can't be read now, try again") from error
