"""Taking the secrets of a target out of other texts, such as what a service or a mail server has answered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from hcserver.notify.targets import MASK

# Shorter parts are left in: without them texts would become unreadable, and they protect nothing.
_MIN_CHARACTERS = 3
# Shorter parts are taken out only where they are words of their own.
_LONG_CHARACTERS = 6
# Not within a word; after a percent-encoded character a word begins.
_WORD_BEGINS = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2}))"


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """`text` with every one of `secrets` replaced by the mask, in any case, plain or percent-encoded."""
    lowered = text.lower()
    found = {form for secret in secrets for form in _forms(secret) if form.lower() in lowered}
    # The longest first, as one may be a part of another.
    for secret in sorted(filter(_is_worth_it, found), key=lambda one: (-len(one), one)):
        pattern = re.escape(secret)
        if len(secret) < _LONG_CHARACTERS:
            pattern = rf"{_WORD_BEGINS}{pattern}(?!\w)"
        text = re.sub(pattern, MASK, text, flags=re.IGNORECASE)
    return text


def words(text: str) -> list[str]:
    """The parts of a text that can't be parsed, and the whole."""
    return [text, *re.split(r"[^\w.~+-]+", text)]


def _forms(secret: str) -> tuple[str, ...]:
    """As it may be written elsewhere: percent-encoded or not, or without the padding of base64."""
    plain = unquote(secret)
    return secret, plain, plain.rstrip("="), quote(secret, safe="", errors="replace")


def _is_worth_it(secret: str) -> bool:
    if secret.isdecimal():
        return len(secret) >= _LONG_CHARACTERS  # others are status codes and ports
    return len(secret) >= _MIN_CHARACTERS
