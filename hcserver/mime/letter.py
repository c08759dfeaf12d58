"""An email as people read it: its header, its text, its HTML made safe, and what is attached to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import msgspec

from hcserver.mime.charset import decode
from hcserver.mime.charset_names import codec_name
from hcserver.mime.encoded_words import decode_words
from hcserver.mime.header import Header, read_header
from hcserver.mime.html import meta_charset
from hcserver.mime.message import HTML_TYPES, PLAIN_TYPES
from hcserver.mime.parts import Part, header_start, split_message
from hcserver.mime.preview import readable_text
from hcserver.mime.safe_html import safe_html
from hcserver.mime.transfer_encoding import decode_transfer
from hcserver.mime.work_limit import WorkLimit

MAX_TEXT: Final = 200_000  # characters of the text that are shown
MAX_FIELDS: Final = 200  # fields of the header that are shown
MAX_VALUE: Final = 5000  # bytes of a field that are shown
MAX_ATTACHMENTS: Final = 100  # that are listed
_MAX_HEADER: Final = 256 * 1024  # bytes
_MAX_NAME: Final = 200  # characters of an attachment's name, and of its type


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is not shown."""

    name: str
    type: str
    size: int  # bytes


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """`is_cut`: the text is longer. `has_html`: there is also HTML, for `read_html`."""

    headers: list[tuple[str, str]]
    text: str
    is_cut: bool
    has_html: bool
    attachments: list[Attachment]


def read_letter(raw: bytes) -> Letter:
    """Takes time linear in the message, up to some seconds for one of many megabytes. Never fails."""
    parts = list(_parts(raw))
    attached = [part for part in parts if part.attached or part.type not in PLAIN_TYPES | HTML_TYPES]
    text = readable_text(raw, 2 * MAX_TEXT)
    return Letter(
        headers=header_fields(raw),
        text=text[:MAX_TEXT],
        is_cut=len(text) > MAX_TEXT,
        has_html=any(map(_is_html, parts)),
        attachments=[_attachment(part) for part in attached[:MAX_ATTACHMENTS]],
    )


def read_html(raw: bytes) -> str | None:
    """The first HTML of the message made safe, None if it has none.

    Takes time quadratic in how deeply its elements are nested: minutes for a message that is made for that.
    """
    part = next(filter(_is_html, _parts(raw)), None)
    return None if part is None else safe_html(_html(part))


def header_fields(raw: bytes) -> list[tuple[str, str]]:
    """The fields of the header in their order, decoded, each on one line."""
    start = header_start(raw)
    end = read_header(raw, start, lambda at, end: False, WorkLimit(None).spend).body
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in raw[start : min(end, start + _MAX_HEADER)].splitlines():
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1].append(line.strip())
        elif b":" in line and len(fields) < MAX_FIELDS:
            name, _, value = line.partition(b":")
            fields.append((name.strip(), [value.strip()]))
    return [
        (name[:100].decode("ascii", "replace"), decode_words(b" ".join(lines)[:MAX_VALUE]))
        for name, lines in fields
    ]


def _parts(raw: bytes) -> Iterator[Part]:
    for item in split_message(raw, WorkLimit(None)):
        if not isinstance(item, Header):
            yield item


def _is_html(part: Part) -> bool:
    return part.type in HTML_TYPES and not part.attached


def _html(part: Part) -> str:
    data = decode_transfer(part.data(), part.encoding)
    declared = codec_name(part.charset) if part.charset else None
    return decode(data, part.charset if declared not in (None, "ascii") else meta_charset(data))


def _attachment(part: Part) -> Attachment:
    name = part.name[:1000]
    with suppress(UnicodeEncodeError):  # raw UTF-8, which is forbidden and common, was read as Latin-1
        name = decode_words(name.encode("latin-1"))
    size = len(decode_transfer(part.data().removesuffix(b"\n").removesuffix(b"\r"), part.encoding))
    return Attachment(name=name[:_MAX_NAME], type=part.type[:_MAX_NAME], size=size)
