"""Header fields of free text: encoded words (RFC 2047) and raw text around them."""

from __future__ import annotations

import binascii
import re

from hcserver.mime.charset import decode
from hcserver.mime.transfer_encoding import decode_base64

_ENCODED_WORD = re.compile(rb"=\?([^?\s]{0,100})\?([bBqQ])\?([^?]*+)\?=")


def decode_words(value: bytes, charset: str | None = None) -> str:
    """The text of a field. `charset` is that of raw text that is not ASCII, as far as the bytes allow it.

    Words next to each other are joined before their charset is applied, so that a character that was cut in
    two is whole again. Raw bytes within a word, which the RFC forbids, are taken as they are.
    """
    out: list[str] = []
    run: list[bytes] = []  # the bytes of neighbouring words of the same charset
    run_charset = ""
    at = 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[at : word.start()]
        # A language may follow the charset (RFC 2231 section 5).
        word_charset = word[1].partition(b"*")[0].lower().decode("latin-1")
        if run and (between.strip() or word_charset != run_charset):
            out.append(decode(b"".join(run), run_charset))
            run.clear()
        if at == 0 or between.strip():
            out.append(_decode_raw(between, charset))
        run.append(_word_bytes(word[2], word[3]))
        run_charset = word_charset
        at = word.end()
    if run:
        out.append(decode(b"".join(run), run_charset))
    out.append(_decode_raw(value[at:], charset))
    return "".join(out).strip()


def is_plain(text: bytes) -> bool:
    """Whether it is plain ASCII, without the escape sequences of ISO-2022."""
    return text.isascii() and b"\x1b" not in text


def _decode_raw(text: bytes, charset: str | None) -> str:
    # Plain ASCII is not decoded by the charset of the body: in UTF-7 it might mean something else.
    return decode(text, None if is_plain(text) else charset)


def _word_bytes(encoding: bytes, content: bytes) -> bytes:
    if encoding in b"bB":
        return decode_base64(content)
    return binascii.a2b_qp(content.replace(b" ", b"_"), header=True)
