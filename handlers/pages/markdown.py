"""Documents in Markdown as HTML, with addresses that lead to other documents on the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
_NO_ANCHOR: Final = re.compile(r"[^\w\- ]")
_FAR: Final = re.compile(r"[a-z]+:", re.IGNORECASE)

Resolve = Callable[[str], str | None]


class Heading(NamedTuple):
    """A heading within a document; `anchor` is its id."""

    level: int
    text: str
    anchor: str


class Document(NamedTuple):
    """`headings` are in their order; `title` is the first one."""

    title: str
    html: str
    headings: list[Heading]


def rendered(markdown: str, resolve: Resolve) -> Document:
    """The document as HTML. `resolve` gives the address of a relative link on the pages; None: there is none,
    and the link is shown as text. Pictures are left out.
    """
    tokens = _PARSER.parse(markdown)
    headings = []
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            heading = Heading(int(token.tag[1:]), _plain(following), anchor(following.content))
            token.attrSet("id", heading.anchor)
            headings.append(heading)
        if token.type == "inline" and token.children:
            token.children = _resolved(token.children, resolve)
    html = _PARSER.renderer.render(tokens, _PARSER.options, {})
    table = '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>'
    html = html.replace("<table>", table).replace("</table>", "</table></div>")
    return Document(headings[0].text if headings else "", html, headings)


def anchor(heading: str) -> str:
    """The id of a heading, as GitHub makes it: lower case, without punctuation, with hyphens for blanks."""
    return _NO_ANCHOR.sub("", heading.lower()).replace(" ", "-")


def _plain(inline: Token) -> str:
    return "".join(child.content for child in inline.children or ())


def _resolved(children: Sequence[Token], resolve: Resolve) -> list[Token]:
    kept, as_text = [], False
    for child in children:
        if child.type == "image":
            continue
        if child.type == "link_open":
            target = str(child.attrGet("href") or "")
            address = target if _FAR.match(target) or target.startswith("#") else resolve(target)
            as_text = address is None
            if address is not None:
                child.attrSet("href", address)
        if not (as_text and child.type in ("link_open", "link_close")):
            kept.append(child)
        if child.type == "link_close":
            as_text = False
    return kept
