"""Hiding from viewers what would let them ping: the ping key and the check's address, wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from hcserver.domain.check import Check
from hcserver.domain.project import Project

_HIDDEN: Final = "*"
# Characters of a secret at the beginning or the end of a text that was cut. Fewer of them help nobody.
_LEAST: Final = 6


class Veil:
    """Replaces each letter of these by an asterisk, in what jobs have sent. Editors see everything."""

    def __init__(self, check: Check, project: Project, hides: bool) -> None:
        self.hides = hides
        self.secrets = (project.ping_key, str(check.id), check.id.hex) if hides else ()

    def text(self, text: str) -> str:
        """The text as it may be shown."""
        return hide(text, self.secrets)

    def raw(self, body: bytes) -> bytes:
        """The bytes as they may be shown."""
        return hide(body.decode("latin-1"), self.secrets).encode("latin-1")


def hide(text: str, secrets: Sequence[str]) -> str:
    """The text with asterisks in place of these secrets, in whichever case they are written.

    A text that was cut may begin or end in the middle of a secret: that part of it is hidden, too.
    """
    if not secrets:
        return text
    pattern = "|".join(map(re.escape, sorted(secrets, key=len, reverse=True)))
    text = re.sub(pattern, _stars, text, flags=re.IGNORECASE | re.ASCII)
    kept = text.removesuffix("…")
    cut = max(_overlap(kept, secret) for secret in secrets)
    if cut >= _LEAST:
        text = f"{kept[: len(kept) - cut]}{_HIDDEN * cut}{text[len(kept) :]}"
    kept = text.removeprefix("…\n")
    cut = max(_overlap(kept[: len(secret)][::-1], secret[::-1]) for secret in secrets)
    return f"{text[: len(text) - len(kept)]}{_HIDDEN * cut}{kept[cut:]}" if cut >= _LEAST else text


def _stars(secret: re.Match[str]) -> str:
    return _HIDDEN * len(secret[0])


def _overlap(text: str, secret: str) -> int:
    """With how many characters of the secret's beginning the text ends."""
    end, secret = text[-len(secret) :].lower(), secret.lower()
    return next((length for length in range(len(secret), 0, -1) if end.endswith(secret[:length])), 0)
