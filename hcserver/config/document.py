"""docs/configuration.md, made of the schema and of the comments in config.toml: `make man` writes it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from hcserver.config.entries import ENTRIES, SECTIONS, Entry
from hcserver.config.schema import Settings

_HEAD: Final = """\
# Configuration

All settings with their defaults and with the values that they may have. This document is made of the schema
and of [config.toml](../config.toml), the same settings as a file (`make man`).

- The server reads the file that `--config` or `HCSERVER_CONFIG` names, else `config.toml` in the working
  directory. The file needs only the settings that you change.
- An environment variable `HCSERVER_<SECTION>_<KEY>` overrides a setting, as `HCSERVER_HTTP_PORT` does for
  `http.port`. Lists are comma-separated.
- A secret can stand in a file of its own, which the variable with `_FILE` behind its name names, as
  `HCSERVER_EMAIL_PASSWORD_FILE` does for `email.password`.
- `hcserver config check` prints the values in force and where each comes from. With an unknown setting or a
  wrong value the server does not start. Changes need a restart; only certificates are read again.
"""
_SECTION_HEAD: Final = """
## {}

| setting | default | meaning | values |
| --- | --- | --- | --- |
"""
_TAIL: Final = """
## shell

A section `[shell.NAME]` has a `command` for channels of the kind shell, which choose it by its name:
[channels.md](channels.md#shell).
"""
_SECTION: Final = re.compile(r"\[(\w+)\]")
_SETTING: Final = re.compile(r"(\w+) = ")
# What a text has as code: lists, quoted values, names of settings, sections and variables, and placeholders.
_CODE: Final = re.compile(
    r'(\["[^\]]*"\]|"[^"]*"'
    rf"|\b(?:{'|'.join(SECTIONS)})\.[a-z_]+[a-z]|\[(?:shell\.NAME|\w+)\]|HCSERVER_\w+"
    r"|[^\s(]*<\w+>[^\s;.]*)"
)
_SPECIAL: Final = re.compile(r"[\\*|<]")  # has a meaning within a table, for GitHub or for others


def document(sample: str) -> str:
    """The whole document; `sample` is the text of config.toml."""
    comments = dict(_comments(sample))
    parts = [_HEAD]
    for section in SECTIONS:
        parts.append(_SECTION_HEAD.format(section))
        parts += [_row(entry, comments[entry.name]) for entry in ENTRIES if entry.section == section]
    return "".join([*parts, _TAIL])


def _comments(sample: str) -> Iterator[tuple[str, str]]:
    """Each `section.key` with the comment in front of it, which has one line."""
    section = ""
    for before, line in pairwise(sample.splitlines()):
        if found := _SECTION.fullmatch(line):
            section = found[1]
        elif found := _SETTING.match(line):
            yield f"{section}.{found[1]}", before.removeprefix("# ")


def _row(entry: Entry, comment: str) -> str:
    default = entry.kind.plain(getattr(getattr(Settings(), entry.section), entry.attribute))
    file = f"{entry.variable}_FILE"
    if entry.secret is not None and file not in comment:
        comment += f" A secret: better put it in a file named by {file}."
    shown = f"`{json.dumps(default, ensure_ascii=False)}`"
    return f"| `{entry.name}` | {shown} | {_marked(comment)} | {_marked(entry.kind.accepts)} |\n"


def _marked(text: str) -> str:
    """A text as Markdown for a cell of a table, in which nothing else has a meaning."""
    parts = _CODE.split(text)
    parts[::2] = [_SPECIAL.sub(r"\\\g<0>", part).replace("\\<", "&lt;") for part in parts[::2]]
    parts[1::2] = [f"`{part}`" for part in parts[1::2]]
    return "".join(parts)


if __name__ == "__main__":
    print(document(Path(sys.argv[1]).read_text("utf-8")), end="")
