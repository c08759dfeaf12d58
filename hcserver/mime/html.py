"""The text that people see in an HTML document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

# Elements that begin and end a line of text.
_LINE_NAMES = """
    address article aside blockquote body br center caption colgroup dd details dialog dir div dl dt fieldset
    figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe legend li main
    menu nav noscript ol optgroup p pre search section summary table tbody tfoot thead title tr ul
"""
_LINES = frozenset(_LINE_NAMES.split())
# Elements that are set apart from the text beside them, in the same line.
_CELLS = frozenset(("button", "col", "option", "select", "td", "textarea", "th"))

# Elements whose content is no text, and what ends them (HTML Standard, section 13.2.5.2).
_CODE = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}

# HTML Standard, section 13.2.5.6 (tag open state): a letter begins a tag, "!" and "?" a comment.
_OPENING = re.compile(r"<(?:(!--)|[!?]|/(?![a-zA-Z])|(/?)([a-zA-Z][^\s/>]*))")
_COMMENT_END = re.compile(r"--!?>")
# From behind a tag's name to its end. Possessive: an attempt that fails is not repeated in other ways. A
# quote that is never closed is an ordinary character.
_TAG_END = re.compile(r"(?>[^>=]++|=\s*+(?>\"[^\"]*+\"|'[^']*+'|[^\s>]*+))*+>")
_ALT = re.compile(r"\salt\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"']++))", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*+>")

# A numeric character reference has at most seven digits that mean something. int() raises ValueError beyond
# 4,300 digits, and `unescape` calls it.
_REFERENCE = re.compile(
    r"&#(?:[xX](?=[0-9a-fA-F])0*+([0-9a-fA-F]{0,7})[0-9a-fA-F]*+|(?=[0-9])0*+([0-9]{0,8})[0-9]*+)"
)
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{9}")

_META_CHARSET = re.compile(
    rb"<(?:meta\b[^<>]{0,1000}?charset|\?xml\b[^<>]{0,1000}?encoding)\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,100})",
    re.IGNORECASE,
)
_META_WITHIN = 4096  # bytes from the start; browsers look at 1024

_LINE_ENDS = dict.fromkeys(map(ord, "\r\n"), " ")
# They may stand within a word and are not seen.
_INVISIBLE = dict.fromkeys(map(ord, "\0\u00ad\u200b\u2060\ufeff"))


def meta_charset(html: bytes) -> str | None:
    """The charset that a document itself declares near its start."""
    match = _META_CHARSET.search(html, 0, _META_WITHIN)
    return match[1].decode("ascii", "replace") if match else None


def html_to_text(html: str) -> str:
    """The text of a document: one line for each line, paragraph or table row that has any, cells set apart
    by a space, every other run of white space one space. Images are represented by their alternative texts;
    comments, scripts and style sheets are left out. Takes time linear in the document.

    The rules are those of the tokenizer in the HTML Standard, section 13.2.5. No tree is built: text depends
    on the order of the tags, not on their nesting.
    """
    text = "".join(_pieces(html)).translate(_INVISIBLE)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _pieces(html: str) -> Iterator[str]:
    """The text between the tags, and white space in the place of tags that set text apart."""
    preformatted = False
    for text, tag, is_end in _tokens(html):
        if text:
            text = _unescape(text)
            yield text if preformatted else text.translate(_LINE_ENDS)
        if tag in _LINES:
            yield "\n"
            if tag == "pre":
                preformatted = not is_end
        elif tag in _CELLS:
            yield " "


def _tokens(html: str) -> Iterator[tuple[str, str, bool]]:
    """Text, the name of the tag behind it ("" for anything else), and whether that is an end tag."""
    at = 0
    while (opening := _OPENING.search(html, at)) is not None:
        text = html[at : opening.start()]
        name = (opening[3] or "").lower()
        at = _behind(html, opening, name)
        if at < 0:
            yield text + _ANY_TAG.sub(" ", html[opening.start() :]), "", False
            return
        if name == "img" and (alt := _ALT.search(html, opening.end(), at)) is not None:
            text += f" {alt[1] or alt[2] or alt[3] or ''} "
        if name in _CODE and not opening[2]:
            code_end = _CODE[name].search(html, at)
            at = len(html) if code_end is None else code_end.start()
        yield text, name, bool(opening[2])
    yield html[at:], "", False


def _behind(html: str, opening: re.Match[str], name: str) -> int:
    """Where the tag or comment ends; -1 if it has no end and so is none."""
    at = opening.end()
    if name:
        tag_end = _TAG_END.match(html, at)
        return -1 if tag_end is None else tag_end.end()
    if opening[1] is None:
        return html.find(">", at) + 1 or -1
    if html.startswith((">", "->"), at):
        return html.index(">", at) + 1
    comment_end = _COMMENT_END.search(html, at)
    return len(html) if comment_end is None else comment_end.end()


def _unescape(text: str) -> str:
    """Character references resolved."""
    if "&" not in text:
        return text
    if _LONG_REFERENCE.search(text) is not None:
        text = _REFERENCE.sub(_short_reference, text)
    return unescape(text)


def _short_reference(reference: re.Match[str]) -> str:
    return f"&#{reference[2] or 0}" if reference[1] is None else f"&#x{reference[1] or 0}"
