"""The process that reads what jobs have sent: emails for people, searches, comparisons.

Unlike a thread it can be killed, and it does not compete for the interpreter lock of the event loop.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from hcserver.domain.line_diff import Comparison, compare
from hcserver.domain.output import decode_output, visible
from hcserver.domain.veil import hide
from hcserver.mime.letter import Letter, read_html, read_letter
from hcserver.mime.message import read
from hcserver.mime.preview import readable_text
from hcserver.worker_processes import serve

MEMORY_LIMIT: Final = 2 * 1024**3  # bytes of address space
NICENESS: Final = 5  # the event loop, which answers pings, goes first
MAX_COMPARED: Final = 500_000  # bytes of a text that is compared: more than all lines of their full length


class Content(msgspec.Struct, frozen=True):
    """The body of ping `n`."""

    n: int
    is_mail: bool
    body: bytes


class ReadMail(msgspec.Struct, frozen=True, tag=True):
    """Read an email for people: the answer is a Letter."""

    raw: bytes


class ReadHtml(msgspec.Struct, frozen=True, tag=True):
    """Make the HTML of an email safe: the answer is the HTML, or None if it has none."""

    raw: bytes


class Search(msgspec.Struct, frozen=True, tag=True):
    """Look for words, whatever their case: the answer is the numbers of the pings that have them. What is
    hidden from the reader is not found: it could be guessed character by character.
    """

    words: str
    contents: list[Content]
    hidden: Sequence[str] = ()


class Compare(msgspec.Struct, frozen=True, tag=True):
    """Compare two outputs: the answer is a Comparison."""

    old: Content
    new: Content


Request = ReadMail | ReadHtml | Search | Compare
request_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)


def main() -> None:
    """Answer requests until the server closes its end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    os.nice(NICENESS)
    serve(answer, sys.stdin.buffer, sys.stdout.buffer)


def answer(data: bytes) -> bytes:
    """The encoded answer to an encoded request."""
    request = request_decoder.decode(data)
    result: Letter | str | list[int] | Comparison | None
    if isinstance(request, ReadMail):
        result = read_letter(request.raw)
    elif isinstance(request, ReadHtml):
        result = read_html(request.raw)
    elif isinstance(request, Search):
        wanted = _folded(request.words)
        result = [
            one.n for one in request.contents if wanted in _folded(hide(_all_text(one), request.hidden))
        ]
    else:
        result = compare(_beginning(request.old), _beginning(request.new))
    return msgspec.msgpack.encode(result)


def _folded(text: str) -> str:
    """The text as it is searched: in one case, with single blanks."""
    return " ".join(text.casefold().split())


def _all_text(content: Content) -> str:
    if not content.is_mail:
        return decode_output(content.body)
    mail = read(content.body)
    return f"{mail.subject}\n{mail.text}"


def _beginning(content: Content) -> str:
    if content.is_mail:
        return visible(readable_text(content.body, MAX_COMPARED))
    return visible(decode_output(content.body[:MAX_COMPARED]))


if __name__ == "__main__":
    main()
