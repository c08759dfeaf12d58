"""What a job reported, as text for people: whole, or the first or last lines of it."""

from __future__ import annotations

from hcserver.domain.output import shown_body, whole_characters
from hcserver.domain.ping import Ping
from hcserver.mime.preview import readable_text
from hcserver.notify.plain_text import first_lines, last_lines

MAX_CHARACTERS = 1000
MAX_LINES = 30
CUT_ABOVE = "…\n"  # above the last lines of a body
_READ_CHARACTERS = 4096  # enough for the above where white space comes first


def body_preview(ping: Ping | None) -> str:
    """The first lines of the ping's body, "" if there are none; "…" stands at the end of what was cut. If the
    beginning of the body is not kept, these are its last lines, and "…" stands above them.
    """
    if ping is None or not ping.body:
        return ""
    text = readable_body(ping, _READ_CHARACTERS)
    if ping.cut_before:
        last = last_lines(text, MAX_LINES, MAX_CHARACTERS)
        return f"{CUT_ABOVE}{last}" if last else ""
    short = first_lines(text, MAX_LINES, MAX_CHARACTERS)
    complete = first_lines(text, len(text) + 1, len(text))
    cut = len(text) == _READ_CHARACTERS or ping.body_size > len(ping.body) or len(short) < len(complete)
    cut = cut or ping.cut_after > 0
    return f"{short}…" if short and cut else short


def readable_body(ping: Ping | None, limit: int) -> str:
    """At most `limit` characters of what the ping's body says: the first ones, or the last ones if its
    beginning is not kept; of an email, the text without its subject.
    """
    if ping is None or not ping.body:
        return ""
    if ping.scheme == "email":
        return readable_text(ping.body, limit)
    body = shown_body(ping)
    # No character has more than four bytes.
    if ping.cut_before:
        last = whole_characters(body[-4 * limit :], cut_before=True, cut_after=False)
        return last.decode("utf-8", "replace")[-limit:]
    return body[: 4 * limit].decode("utf-8", "replace")[:limit]
