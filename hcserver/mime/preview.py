"""The first lines of an email, for people."""

from __future__ import annotations

from collections.abc import Iterator

from hcserver.mime.header import Header
from hcserver.mime.message import part_text, read_contents, subject_of
from hcserver.mime.parts import Multipart
from hcserver.mime.work_limit import TooCostly, WorkLimit

# What is read of a message: enough for a long header, a style sheet, and characters of up to three bytes that
# are encoded.
_READ_BYTES = 64 * 1024
_READ_BYTES_PER_CHARACTER = 12
_STEPS = 5000  # some milliseconds
_CHARACTERS_PER_STEP = 2

# If the beginning of a message is too costly to read, a part of it is read, and again a part of that.
_SHORTER = (1, 4, 16, 64)


def readable_text(raw: bytes, limit: int) -> str:
    """At most `limit` characters from the beginning of what the message says, without its subject.

    Decoded as for classification, but with one line for each line of an HTML document, and of alternatives
    (multipart/alternative) only the first that has any text. "" if there is no readable text. Takes time and
    memory linear in `limit`, not in the message: some milliseconds for 1,000 characters, whatever the bytes.
    Never fails.
    """
    window = _READ_BYTES + limit * _READ_BYTES_PER_CHARACTER
    steps = _STEPS + limit // _CHARACTERS_PER_STEP
    for divisor in _SHORTER:
        try:
            return _read(raw[: window // divisor], limit, steps)
        except TooCostly:
            continue
    return ""


def _read(raw: bytes, limit: int, steps: int) -> str:
    pieces: list[str] = []
    wanted = limit
    for piece in _pieces(raw, WorkLimit(steps)):
        pieces.append(piece)
        wanted -= len(piece) + 1
        if wanted <= 0:
            break
    return "\n".join(pieces)[:limit].rstrip()


def _pieces(raw: bytes, work: WorkLimit) -> Iterator[str]:
    contents = read_contents(raw, work)
    next(contents)  # the header of the message itself
    shown: dict[Multipart, int] = {}  # the branch that stands for each multipart/alternative
    for item in contents:
        if isinstance(item, Header):
            text = subject_of(item, work)
        elif (
            item.alternative is not None
            and shown.get(item.alternative[0], item.alternative[1]) != (item.alternative[1])
        ):
            continue
        else:
            text = part_text(item, work, one_line=False)
            if item.alternative is not None and text and not text.isspace():
                shown.setdefault(*item.alternative)
        text = text.strip("\r\n")
        if text and not text.isspace():
            yield text
