"""The process that reads costly messages: requests on standard input, answers on standard output.

It can be killed, which a thread can't, and has no part in the interpreter lock of the event loop.
"""

from __future__ import annotations

import gc
import os
import resource
import sys

import msgspec

from hcserver.services.classification.examination import Examination, Question, examine, give_up
from hcserver.worker_processes import serve

# A message with 1 MB of HTML takes up to 300 MB.
MEMORY_LIMIT = 2 * 1024**3  # bytes of address space

NICENESS = 5  # pings that come in by HTTP go first


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A message to examine."""

    raw: bytes
    questions: list[Question]
    with_text: bool = False


request_decoder = msgspec.msgpack.Decoder(Request)
answer_decoder = msgspec.msgpack.Decoder(Examination)


def main() -> None:
    """Answer requests until the server closes its end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    os.nice(NICENESS)
    gc.disable()  # a tree of 1 MB of HTML is built in two thirds of the time; `answer` collects behind each
    serve(answer, sys.stdin.buffer, sys.stdout.buffer)


def answer(data: bytes) -> bytes:
    """The examination that a request asks for."""
    examination = msgspec.msgpack.encode(_examine(data))
    gc.collect()
    return examination


def _examine(data: bytes) -> Examination:
    request = request_decoder.decode(data)
    try:
        return examine(request.raw, request.questions, request.with_text)
    except MemoryError:
        return give_up(request.raw, request.questions)


if __name__ == "__main__":
    main()
