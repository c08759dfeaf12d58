"""Writing TOML 1.0: values on one line, and tables with their keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any


def value(content: object) -> str:
    """A text, whole number, truth value or moment, an array, or an inline table of such. Raises TypeError for
    anything else.
    """
    match content:
        case bool():
            return "true" if content else "false"
        case int():
            return str(content)
        case str():
            # The escapes of JSON are those of TOML, which wants one for DEL, too.
            return json.dumps(content, ensure_ascii=False).replace("\x7f", "\\u007f")
        case datetime():
            return content.isoformat().replace("+00:00", "Z")
        case list() | tuple():
            return f"[{', '.join(map(value, content))}]"
        case dict():
            members = ", ".join(f"{key(name)} = {value(one)}" for name, one in content.items())
            return f"{{ {members} }}" if members else "{}"
        case _:
            raise TypeError(f"TOML has no {type(content).__name__}")


def key(name: str) -> str:
    """A key: bare where TOML allows it, else quoted."""
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else value(name)


def table(header: str, content: Mapping[str, Any]) -> str:
    """An element of the array of tables `header`."""
    lines = [f"[[{header}]]", *(f"{key(name)} = {value(one)}" for name, one in content.items())]
    return "\n".join(lines) + "\n"


def comment(lines: Iterable[str]) -> str:
    """Lines that say something to people. What can't be printed in them is escaped, line ends above all."""
    shown = ("".join(one if one.isprintable() else ascii(one)[1:-1] for one in line) for line in lines)
    return "".join(f"# {line}".rstrip() + "\n" for line in shown)
