"""The process that reads costly messages: requests on standard input, answers on standard output.

It can be killed, which a thread can't, and has no part in the interpreter lock of the event loop.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
from typing import BinaryIO

import msgspec

from smtp.examine import Examination, Question, examine, give_up

LENGTH_BYTES = 4  # every message on the pipes is preceded by its length, big-endian

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
    gc.disable()  # a tree of 1 MB of HTML is built in two thirds of the time; `serve` collects behind each
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer the requests of one stream on the other until it ends."""
    while len(length := requests.read(LENGTH_BYTES)) == LENGTH_BYTES:
        answer = msgspec.msgpack.encode(_answer(requests.read(int.from_bytes(length, "big"))))
        answers.write(len(answer).to_bytes(LENGTH_BYTES, "big") + answer)
        answers.flush()
        gc.collect()


def _answer(data: bytes) -> Examination:
    request = request_decoder.decode(data)
    try:
        return examine(request.raw, request.questions, request.with_text)
    except MemoryError:
        return give_up(request.questions)


if __name__ == "__main__":
    main()
