"""HTML to the text that people see in it."""

from __future__ import annotations

import re
import warnings
from html import unescape

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.element import PreformattedString, Script, Stylesheet

# Parsed into a tree as far as this; a tree takes up to 250 bytes per character and 4 microseconds. What
# lies behind it only has its tags taken out.
MAX_TREE = 1_000_000  # characters

_BLOCK_NAMES = """
    address article aside blockquote body br button caption center col colgroup dd details dialog dir div dl
    dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe
    legend li main menu nav noscript ol optgroup option p pre search section select summary table tbody td
    textarea tfoot th thead title tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())

_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,1000}>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_META_CHARSET = re.compile(
    rb"<(?:meta\b[^>]{0,1000}?charset|\?xml\b[^>]{0,1000}?encoding)\s*=\s*[\"']?\s*([\w.:-]{1,100})", re.I
)
_META_WITHIN = 4096  # bytes from the start; browsers look at 1024

# Characters that only say where a word may or may not be broken.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))


def meta_charset(html: bytes) -> str | None:
    """The charset that a document itself declares near its start."""
    match = _META_CHARSET.search(html, 0, _META_WITHIN)
    return match[1].decode("ascii", "replace") if match else None


def html_to_text(html: str) -> str:
    """Text with block elements and table cells set apart by white space, every run of it one space.

    lxml is the parser because its time is linear on every input tried; html.parser of Python 3.11 took 4 s
    for 20 kB of `<a `, and raises on `<![`.
    """
    head, tail = html[:MAX_TREE], html[MAX_TREE:]
    if "<" in head:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
            text = _visible(BeautifulSoup(_XML_DECLARATION.sub("", head, count=1), "lxml"))
    else:
        text = unescape(head)
    if tail:
        text += " " + unescape(_TAG.sub(" ", tail))
    return " ".join(text.translate(_INVISIBLE).split())


def _visible(soup: BeautifulSoup) -> str:
    """All strings in document order, by a stack of our own: documents are nested deeper than Python calls."""
    out: list[str] = []
    stack: list[object] = [soup]
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            if node.name in _BLOCKS:
                out.append(" ")
                stack.append(" ")
            stack.extend(reversed(node.contents))
        elif isinstance(node, str) and not isinstance(node, (PreformattedString, Script, Stylesheet)):
            out.append(node)
    return "".join(out)
