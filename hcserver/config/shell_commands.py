"""The commands that channels of the kind shell may run: a section [shell.NAME] for each, with its command.

In the environment a command is HCSERVER_SHELL_<NAME>_COMMAND, with the name in upper case.
"""

from __future__ import annotations

import re

from hcserver.config import types
from hcserver.config.masking import MASK

SECTION = "shell"
KEY = "command"
NAME_NEEDS = "a name of up to 50 characters: a small letter, then small letters, digits and underscores"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_VARIABLE = re.compile(r"HCSERVER_SHELL_([A-Z][A-Z0-9_]{0,49})_COMMAND")

command_type = types.text(
    "a command for /bin/sh such as '/usr/local/bin/page \"$NAME\"'", lambda command: bool(command.strip())
)


def is_name(text: str) -> bool:
    """Whether a command may be named so."""
    return _NAME.fullmatch(text) is not None


def name_in(variable: str) -> str | None:
    """The name of the command that the environment variable defines; None for all other variables."""
    match = _VARIABLE.fullmatch(variable)
    return None if match is None else match[1].lower()


def setting(name: str) -> str:
    """The setting's name in reports and errors."""
    return f"{SECTION}.{name}.{KEY}"


def program(command: str) -> str:
    """The first word of a command, which is the part of it that may be shown: the rest may hold passwords."""
    first, *rest = command.split()
    shown = MASK if "=" in first else first
    return f"{shown} {MASK}" if rest else shown
