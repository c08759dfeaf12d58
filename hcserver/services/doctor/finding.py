"""What `hcserver doctor` finds."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "warning", "error"]


class Finding(msgspec.Struct, frozen=True):
    """One sentence on one subject. `fixed`: it was an error or a warning, and has been repaired."""

    level: Level
    subject: str
    text: str
    fixed: bool = False


def ok(subject: str, text: str) -> Finding:
    return Finding("ok", subject, text)


def warning(subject: str, text: str) -> Finding:
    """Something that works, but perhaps not as it is meant to."""
    return Finding("warning", subject, text)


def error(subject: str, text: str) -> Finding:
    """Something that does not work, or that must not be."""
    return Finding("error", subject, text)


def fixed(subject: str, text: str) -> Finding:
    """`text` says what was done."""
    return Finding("ok", subject, text, fixed=True)


def counted(number: int, noun: str) -> str:
    """The number with the noun, which takes an s in the plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
