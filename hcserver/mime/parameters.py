"""Structured header fields: a value and its parameters (RFC 2045 section 5.1, RFC 2231)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from hcserver.mime.charset import decode

# Quoted strings, the delimiters, escapes outside of strings, and everything between them. An open quote
# extends to the end of the value, so that nothing is looked at twice.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[();]|\\.?|[^"();\\]++', re.DOTALL)
_SEGMENT = re.compile(r"([^*]*+)(?:\*(\d{1,4}))?(\*)?")  # RFC 2231 section 3
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """The value in lower case and its parameters by lower-case names. Comments are left out, and parameters
    in segments are put together. Never fails.
    """
    first, *rest = _split(value)
    first, _, unseparated = first.strip().partition(" ")
    if "=" in unseparated:  # a forgotten semicolon
        rest.insert(0, unseparated)
    else:
        first += unseparated
    parameters: dict[str, str] = {}
    segments: dict[str, dict[int, tuple[str, bool]]] = {}
    for item in rest:
        name, equals, content = item.partition("=")
        match = _SEGMENT.fullmatch(name.strip().lower())
        if not equals or match is None:
            continue
        base, number, extended = match[1].strip(), match[2], match[3] is not None
        if number is None and not extended:
            parameters.setdefault(base, _unquote(content))
        else:
            segments.setdefault(base, {}).setdefault(int(number or 0), (_unquote(content), extended))
    for base, parts in segments.items():
        parameters[base] = _join_segments(parts)
    return first.lower(), parameters


def _split(value: str) -> list[str]:
    """The parts between semicolons, without the comments, which may be nested (RFC 822 section 3.4.3)."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in _TOKEN.findall(value):
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(0, depth - 1)
        elif depth == 0 and token == ";":
            parts.append([])
        elif depth == 0:
            parts[-1].append(token)
    return ["".join(part) for part in parts]


def _unquote(content: str) -> str:
    content = content.strip()
    if not content.startswith('"'):
        return content
    inner = content[1:].partition('"')[0] if "\\" not in content else content[1:].removesuffix('"')
    return _ESCAPED.sub(r"\1", inner)


def _join_segments(segments: Mapping[int, tuple[str, bool]]) -> str:
    charset = ""
    pieces: list[bytes] = []
    for number, (content, extended) in sorted(segments.items()):
        if extended and number == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        pieces.append(unquote_to_bytes(content) if extended else content.encode("latin-1", "replace"))
    return decode(b"".join(pieces), charset)
