"""The text that people see in an HTML document."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag
from bs4.element import Comment, NavigableString, PageElement, PreformattedString, Script, Stylesheet

# Elements that begin and end a line of text.
_LINE_NAMES = """
    address article aside blockquote body br center caption colgroup dd details dialog dir div dl dt fieldset
    figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe legend li main
    menu nav noscript ol optgroup p pre search section summary table tbody tfoot thead title tr ul
"""
_LINES = frozenset(_LINE_NAMES.split())
# Elements that are set apart from the text beside them, in the same line.
_CELLS = frozenset(("button", "col", "option", "select", "td", "textarea", "th"))

_NO_TEXT = (PreformattedString, Script, Stylesheet)  # the first is comments, declarations and the like

# A larger document is parsed in pieces of about this size, since a tree takes up to 250 bytes per character.
_MAX_TREE = 250_000  # characters
# What hides the beginning of a piece if it hid the end of the piece before.
_HIDING: dict[type[PageElement], str] = {Comment: "<!--", Script: "<script>", Stylesheet: "<style>"}

# Markup that libxml2 reads otherwise than the HTML Standard: an end tag of p or br is a line break even if it
# ends nothing (section 13.2.6.4.7), and a slash does not end a script within its start tag (13.2.6.4.4). It
# also leaves out the tags of a second document that was appended to the first.
_BREAK = re.compile(r"<(?=(?:/(?:p|br)|/?(?:html|body))[\s/>])", re.IGNORECASE)
_CLOSED_CODE = re.compile(r"(<(?:script|style)\b[^<>]*+)(?<=/)>", re.IGNORECASE)
_NO_COMMENT = re.compile(r"<(?!!--)")

_META_CHARSET = re.compile(
    rb"<(?:meta\b[^<>]{0,1000}?charset|\?xml\b[^<>]{0,1000}?encoding)\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,100})",
    re.IGNORECASE,
)
_META_WITHIN = 4096  # bytes from the start; browsers look at 1024

_LINE_ENDS = dict.fromkeys(map(ord, "\r\n"), " ")
# They may stand within a word and are not seen.
_INVISIBLE = dict.fromkeys(map(ord, "\0\u00ad\u200b\u2060\ufeff"))
# Appended to a document to learn whether the parser reaches its end; the document has no such character.
_END = "\n\ufeff"


def meta_charset(html: bytes) -> str | None:
    """The charset that a document itself declares near its start."""
    match = _META_CHARSET.search(html, 0, _META_WITHIN)
    return match[1].decode("ascii", "replace") if match else None


def html_to_text(html: str) -> str:
    """The text of a document: one line for each line, paragraph or table row that has any, cells set apart
    by a space, every other run of white space one space. Images are represented by their alternative texts;
    comments, scripts and style sheets are left out. Takes time linear in the document.

    Beautiful Soup parses the document with lxml, since libxml2 2.14 and newer follow the HTML Standard.
    html.parser of Python 3.11 takes quadratic time for `<a <a <a`, and raises an exception for `<![`.
    """
    text = "".join(piece for soup in _trees(html) for piece in _pieces(soup)).translate(_INVISIBLE)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _trees(html: str) -> Iterator[BeautifulSoup]:
    """The trees of the pieces of a document, of which most have one. Every piece begins with a tag, on a new
    line of text.
    """
    start, hiding = 0, ""
    while (end := html.find("<", start + _MAX_TREE)) >= 0:
        soup = _parse(hiding + html[start:end])
        yield soup
        start, hiding = end, _HIDING.get(type(_last(soup)), "")
    yield _parse(hiding + html[start:])


def _parse(html: str) -> BeautifulSoup:
    """The tree of a document. None of its text is lost if it ends within a tag."""
    html = html.encode("utf-8", "replace").decode().translate(_INVISIBLE)
    html = _BREAK.sub("<br><", _CLOSED_CODE.sub(r"\1 >", html))
    soup = _tree(html)
    last = _last(soup)
    if not (isinstance(last, NavigableString) and last.endswith(_END)):
        # A quote that is never closed hides the rest of the document. It becomes an ordinary character.
        soup = _tree(html.replace('"', "&#34;").replace("'", "&#39;"))
    return soup


def _tree(html: str) -> BeautifulSoup:
    """What Beautiful Soup makes of the markup. What looks like a tag, but has no end, is text."""
    tagged, last, text = html.rpartition(">")
    text = _NO_COMMENT.sub("&lt;", text)
    # The line end in front keeps Beautiful Soup from warning of XML, the one in _END of a file name.
    return BeautifulSoup(f"\n{tagged}{last}{text}{_END}", "lxml", multi_valued_attributes=None)


def _last(soup: BeautifulSoup) -> PageElement:
    """The last node of a document. It ends with _END unless the document ends within a tag."""
    last: PageElement = soup
    while isinstance(last, Tag) and last.contents:
        last = last.contents[-1]
    return last


def _pieces(soup: BeautifulSoup) -> Iterator[str]:
    """The strings of the tree, and white space in the place of tags that set text apart.

    The stack holds what is still to come; documents are nested deeper than Python can call functions.
    """
    stack: list[PageElement | str] = [soup]
    outside = sys.maxsize  # when the stack is shorter, the outermost preformatted element has ended
    while stack:
        node = stack.pop()
        if len(stack) < outside:
            outside = sys.maxsize
        if isinstance(node, Tag):
            separator = "\n" if node.name in _LINES else " " if node.name in _CELLS else ""
            yield f" {node.get('alt', '')} " if node.name == "img" else separator
            if node.name == "pre":
                outside = min(outside, len(stack))
            stack.append(separator)
            stack.extend(reversed(node.contents))
        elif not isinstance(node, NavigableString):
            yield str(node)
        elif not isinstance(node, _NO_TEXT):
            text = node.removesuffix(_END)
            yield text if outside < sys.maxsize else text.translate(_LINE_ENDS)
