"""What the command inherits, without what Python itself has changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_LOCALE: Final = b"LC_CTYPE"


def inherited_environment() -> dict[bytes, bytes]:
    """The environment that we were started with.

    In the locale C, which cron has, Python sets LC_CTYPE (PEP 538). The command is not to see that: ssh, for
    example, would send it to a machine that may not know this locale.
    """
    environment = dict(os.environb)
    if _LOCALE in environment and (original := _original_environment()) is not None:
        del environment[_LOCALE]
        if _LOCALE in original:
            environment[_LOCALE] = original[_LOCALE]
    return environment


def open_standard_streams() -> None:
    """Open those of the three standard streams that are closed, as other files would take their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number; the command does not inherit it


def close_standard_output() -> None:
    """So that whoever reads the output of the command sees its end before the report is delivered."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1, inheritable=False)
    os.close(nowhere)


def _original_environment() -> dict[bytes, bytes] | None:
    """None where it can't be found out."""
    try:
        entries = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    named = (entry.partition(b"=") for entry in entries)
    return {name: value for name, _, value in named}
