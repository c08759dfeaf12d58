"""The process that classifies costly messages: requests on standard input, answers on standard output.

Unlike a thread it can be killed, and it does not compete for the interpreter lock of the event loop.
"""

from __future__ import annotations

import os
import resource
import sys

import msgspec

from hcserver.services.classification.examination import Examination, Question, examine, give_up
from hcserver.worker_processes import serve

# Messages of 10 MB that consist of nothing but parts, tags or words take several hundred MB.
MEMORY_LIMIT = 2 * 1024**3  # bytes of address space

NICENESS = 5  # the event loop, which answers pings, goes first


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A message and the questions about it."""

    raw: bytes
    questions: list[Question]
    with_text: bool = False


request_decoder = msgspec.msgpack.Decoder(Request)
answer_decoder = msgspec.msgpack.Decoder(Examination)


def main() -> None:
    """Answer requests until the server closes its end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    os.nice(NICENESS)
    serve(answer, sys.stdin.buffer, sys.stdout.buffer)


def answer(data: bytes) -> bytes:
    """The encoded Examination that an encoded Request asks for."""
    request = request_decoder.decode(data)
    try:
        return msgspec.msgpack.encode(examine(request.raw, request.questions, request.with_text))
    except MemoryError:
        return msgspec.msgpack.encode(give_up(request.raw, request.questions))


if __name__ == "__main__":
    main()
