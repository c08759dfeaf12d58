"""What a job reported, as text for people: whole, or the first lines of it."""

from __future__ import annotations

from hcserver.domain.ping import Ping
from hcserver.mime.preview import readable_text
from hcserver.notify.plain_text import first_lines

MAX_CHARACTERS = 1000
MAX_LINES = 30
_READ_CHARACTERS = 4096  # enough for the above where white space comes first


def body_preview(ping: Ping | None) -> str:
    """The first lines of the ping's body, "" if there are none; "…" stands at the end of what was cut."""
    if ping is None or not ping.body:
        return ""
    text = readable_body(ping, _READ_CHARACTERS)
    short = first_lines(text, MAX_LINES, MAX_CHARACTERS)
    complete = first_lines(text, len(text) + 1, len(text))
    cut = len(text) == _READ_CHARACTERS or ping.body_size > len(ping.body) or len(short) < len(complete)
    return f"{short}…" if short and cut else short


def readable_body(ping: Ping | None, limit: int) -> str:
    """At most `limit` characters of what the ping's body says; of an email, the text without its subject."""
    if ping is None or not ping.body:
        return ""
    if ping.scheme == "email":
        return readable_text(ping.body, limit)
    # No character has more than four bytes.
    return ping.body[: 4 * limit].decode("utf-8", "replace")[:limit]
