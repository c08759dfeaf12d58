"""A raw email to what is searched in it: the subject and the text of all its readable parts."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hcserver.mime.charset import decode
from hcserver.mime.charset_names import codec_name
from hcserver.mime.flowed import unflow
from hcserver.mime.header import Header, read_header
from hcserver.mime.html import html_to_text, meta_charset
from hcserver.mime.parts import Part, header_start, split_message
from hcserver.mime.transfer_encoding import decode_transfer
from hcserver.mime.work_limit import WorkLimit

# Messages inside an encoded message/rfc822, themselves encoded, and so on (RFC 2046 section 5.2.1 forbids
# even the first): every level is one more pass over the bytes.
MAX_ENCODED_DEPTH = 5

_STEPS_WORD = 4
_BYTES_PER_STEP = 50

# What Beautiful Soup and lxml take for HTML, measured in microseconds: 60 for an empty document, 5 to 9 for a
# tag with the text behind it, 0.01 for a character of ASCII text, 0.1 for another one or one in attributes.
_STEPS_HTML = 60
_STEPS_TAG = 7
_HTML_CHARACTERS_PER_STEP = 20

PLAIN_TYPES = frozenset(("text/plain", "plain/text", "text/ascii", "text/txt"))
HTML_TYPES = frozenset(("text/html", "application/xhtml+xml", "html/text", "text/xhtml"))
_NO_TEXT = frozenset(("text/css", "text/javascript", "text/rtf"))


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """The subject, decoded and on one line, empty if there is none; and the text of all readable parts."""

    subject: str
    text: str


def read(raw: bytes, max_steps: int | None = None) -> Mail:
    """Take a message apart. Raises TooCostly, if a limit is given, and nothing else, whatever the bytes."""
    work = WorkLimit(max_steps)
    contents = read_contents(raw, work)
    top = next(contents)
    assert isinstance(top, Header)
    subject = subject_of(top, work)
    texts = [
        subject_of(item, work) if isinstance(item, Header) else part_text(item, work, one_line=True)
        for item in contents
    ]
    return Mail(subject=subject, text="\n".join(texts))


def read_subject(raw: bytes, within: int, max_steps: int) -> str | None:
    """The subject alone, None if the header doesn't end within so many bytes. Raises TooCostly as `read`."""
    work = WorkLimit(max_steps)
    head = raw[:within]
    header = read_header(head, header_start(head), lambda at, end: False, work.spend)
    if header.body == len(head) < len(raw):
        return None
    return subject_of(header, work)


def read_contents(raw: bytes, work: WorkLimit, depth: int = 0) -> Iterator[Header | Part]:
    """The header of the message, then its readable parts, and the headers of messages inside before theirs.

    Attachments are left out. Text of a type other than plain text and HTML (text/markdown) is read if the
    multipart that it is in has no plain text.
    """
    with_plain: set[int] = set()  # multiparts that have plain text
    other: list[Part] = []
    for item in split_message(raw, work):
        if isinstance(item, Header):
            yield item
        elif item.is_message:
            if depth < MAX_ENCODED_DEPTH:
                yield from read_contents(decode_transfer(item.data(), item.encoding), work, depth + 1)
        elif item.attached:
            continue
        elif item.type in PLAIN_TYPES:
            with_plain.add(item.container)
            yield item
        elif item.type in HTML_TYPES:
            yield item
        elif item.type.startswith("text/") and item.type not in _NO_TEXT:
            other.append(item)
    yield from (part for part in other if part.container not in with_plain)


def subject_of(header: Header, work: WorkLimit) -> str:
    """The subject of a message."""
    value = header.fields.get(b"subject", b"")
    work.spend(len(value) // _BYTES_PER_STEP + value.count(b"=?") * _STEPS_WORD)
    return header.subject()


def part_text(part: Part, work: WorkLimit, one_line: bool) -> str:
    """The text of a readable part. HTML is one line, or has a line for each of its blocks."""
    coded = part.data()
    work.spend(len(coded) // _BYTES_PER_STEP)
    if part.encoding == "base64":
        work.spend(coded.count(b"="))
    data = decode_transfer(coded, part.encoding)
    if part.type in HTML_TYPES:
        text = _html_text(data, part.charset, work)
        return text.replace("\n", " ") if one_line else text
    text = decode(data, part.charset).replace("\r\n", "\n")
    return unflow(text, part.del_sp) if part.flowed else text


def _html_text(data: bytes, charset: str | None, work: WorkLimit) -> str:
    # What is declared to be ASCII is left undeclared, mostly: then the document may know better.
    declared = codec_name(charset) if charset else None
    html = decode(data, charset if declared not in (None, "ascii") else meta_charset(data))
    work.spend(_STEPS_HTML + html.count("<") * _STEPS_TAG + len(html) // _HTML_CHARACTERS_PER_STEP)
    return html_to_text(html)
