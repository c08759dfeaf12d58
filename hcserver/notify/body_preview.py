"""The first lines of what a job reported, to be read by people."""

from __future__ import annotations

import binascii
import quopri
import re

from hcserver.domain.ping import Ping

MAX_CHARACTERS = 1000
MAX_LINES = 30
_READ_BYTES = 16_384  # enough for the above, with the header of a message before it

_CHARSET = re.compile(r'charset\s*=\s*"?([\w.:+-]{1,40})', re.IGNORECASE)
# Invisible or able to turn the order of what is shown: the C0 and C1 controls, marks of direction, lone
# surrogates. Tabs and line ends are kept.
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def excerpt(ping: Ping | None) -> str:
    """The head of the ping's body as text, "" if there is none; "…" stands at the end of what was cut.

    A message received by email shows its text, if it is plain text all of it; other messages have parts of
    which the first bytes say little.
    """
    if ping is None or not ping.body:
        return ""
    head = ping.body[:_READ_BYTES]
    if ping.scheme == "email":
        text = _text_of_message(head)
    else:
        text = head.decode("utf-8", "replace")
    cut = len(ping.body) > _READ_BYTES or ping.body_size > len(ping.body)
    return _head(text, cut)


def one_line(text: str, limit: int = 200) -> str:
    """`text` without line ends and controls, at most `limit` characters: fit for a subject or a header."""
    words = " ".join(_CONTROLS.sub(" ", text).split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def _head(text: str, cut: bool) -> str:
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    lines = text.split("\n")
    short = "\n".join(lines[:MAX_LINES])[:MAX_CHARACTERS].rstrip()
    return f"{short}…" if short and (cut or len(short) < len(text)) else short


def _text_of_message(head: bytes) -> str:
    header, _, body = head.replace(b"\r\n", b"\n").partition(b"\n\n")
    fields = _fields(header.decode("ascii", "replace"))
    content_type = fields.get("content-type", "text/plain")
    if content_type.partition(";")[0].strip().lower() != "text/plain":
        return ""
    charset = _CHARSET.search(content_type)
    encoding = fields.get("content-transfer-encoding", "").strip().lower()
    return _decoded(_transferred(body, encoding), charset[1] if charset else "utf-8")


def _fields(header: str) -> dict[str, str]:
    unfolded = re.sub(r"\n[ \t]+", " ", header)
    pairs = (line.partition(":") for line in unfolded.split("\n"))
    return {name.strip().lower(): value for name, colon, value in pairs if colon}


def _transferred(body: bytes, encoding: str) -> bytes:
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding == "base64":
        packed = b"".join(body.split())
        try:
            return binascii.a2b_base64(packed[: len(packed) // 4 * 4])
        except binascii.Error:
            return b""
    return body


def _decoded(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, "replace")
    # LookupError: no such charset, or a codec that makes no text. ValueError: codecs that take no "replace".
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")
