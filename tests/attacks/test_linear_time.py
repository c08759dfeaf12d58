"""What others send is searched in linear time: no regular expression and no decoder takes longer per byte
when there are more bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest

from hcserver.config import document
from hcserver.domain.keywords import Rules, classify
from hcserver.mime import html, parts
from hcserver.mime.bounce import permanent_failure
from hcserver.mime.charset import decode
from hcserver.mime.encoded_words import decode_words
from hcserver.mime.flowed import unflow
from hcserver.mime.header import MAX_STRUCTURED
from hcserver.mime.html import html_to_text, meta_charset
from hcserver.mime.message import read, read_subject
from hcserver.mime.parameters import parse_parameters
from hcserver.mime.preview import readable_text
from hcserver.mime.transfer_encoding import decode_transfer
from tests.attacks.patterns import METHODS, Pattern, attacks, every_pattern
from tests.cpu_time import cpu_seconds

PATTERNS = every_pattern()

# Patterns whose input is never long: the most characters of it.
BOUNDED: dict[str | bytes, int] = {
    html._META_CHARSET.pattern: html._META_WITHIN,
    parts._TYPE.pattern: MAX_STRUCTURED,
    r"@[^:]*:": 1000,  # in a command line of SMTP
}

# Patterns whose input comes from the operator of the server and nobody else.
TRUSTED = {
    r"(?i)([?&][^=&]*(?:password|properties)[^=&]*=)[^&]*",  # the address of the database
    document._CODE.pattern,  # the comments of config.toml
}

QUICK = 0.0025  # seconds of CPU that no linear search of 4,000 characters takes
SCANNING = frozenset(("search", "sub", "subn", "split", "findall", "finditer"))


def search(pattern: Pattern, method: str, text: str) -> Callable[[], object]:
    subject = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
    if method in SCANNING:
        return lambda: sum(1 for _ in cast(Any, pattern).finditer(subject))
    return lambda: getattr(pattern, method)(subject)


def slow_attack(pattern: Pattern, methods: frozenset[str], bound: int | None) -> str | None:
    """An input on which the pattern takes more than linear time, or too long for its bounded input."""
    for method in {"search" if method in SCANNING else method for method in methods}:
        for beginning, piece, end in attacks(pattern):

            def text(size: int, attack: tuple[str, str, str] = (beginning, piece, end)) -> str:
                return attack[0] + attack[1] * (size // len(attack[1])) + attack[2]

            def work(
                size: int, of: Callable[[int], str] = text, method: str = method
            ) -> Callable[[], object]:
                return search(pattern, method, of(size))

            if is_slow(work, bound):
                return f"{method}: {beginning!r} + {piece!r} * n + {end!r}"
    return None


def is_slow(work: Callable[[int], Callable[[], object]], bound: int | None) -> bool:
    # Exponential time shows at the first sizes, cubic time at the last.
    for size in (12, 16, 20, 24, 30, 40, 80, 200):
        if cpu_seconds(work(size)) > QUICK:
            return cpu_seconds(work(size), attempts=3) > QUICK
    if bound is not None:
        return cpu_seconds(work(bound)) > 8 * QUICK and cpu_seconds(work(bound), attempts=3) > 8 * QUICK
    return cpu_seconds(work(4000)) > QUICK and is_superlinear(work, 4000)


def is_superlinear(work: Callable[[int], Callable[[], object]], size: int) -> bool:
    """Whether four times the input takes more than eight times as long. Linear time is four times as long,
    quadratic time sixteen times.
    """
    if cpu_seconds(work(4 * size)) < 0.01:
        return False
    return all(
        cpu_seconds(work(4 * size), attempts=2) > 8 * cpu_seconds(work(size), attempts=4) for _ in range(2)
    )


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_takes_more_than_linear_time(name: str) -> None:
    pattern, methods = PATTERNS[name]
    if pattern.pattern in TRUSTED:
        return
    slow = slow_attack(pattern, methods, BOUNDED.get(pattern.pattern))
    assert slow is None, f"{name}: {slow}. Make it linear, or declare in BOUNDED why its input is short."


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"\s*<\?xml", "search"),
        (r"a*a*b", "fullmatch"),
        (r"(?:a|a)*b", "match"),
        (r'"(?:\\.|[^"])*"', "search"),
    ],
)
def test_patterns_that_take_longer_are_recognised(pattern: str, method: str) -> None:
    assert slow_attack(re.compile(pattern), frozenset((method,)), None)


def test_the_patterns_of_all_packages_are_tried() -> None:
    packages = {name.partition(".")[0] for name in PATTERNS}
    assert packages == {"hcserver", "smtp", "handlers"}
    assert all(methods <= METHODS for _, methods in PATTERNS.values())


RULES = Rules(failure="aab,a b c,<p>,xx" + "a" * 60 + "b", success="é,ü", whole_word=True, ignore_case=True)
HTML_HEADER = b"Content-Type: text/html\n\n"
PARTS_HEADER = b"Content-Type: multipart/mixed; boundary=b\n\n"
HTML_BEGINNINGS = ("", "<a ", "<!--", "<script>", "<img ", '<a b="', "<pre>", "&#")
HTML_PIECES = (
    ' |\n|<|<a |<!--|<!-- x>|<![CDATA[|<!|</|<?|&|&#|&#x|&am|&lt|1|<b>|</p>|<td>|<table>|<p a=\'|="|<a ="|'
    '<a =\'"|<script>|</script|<img alt|<img alt="|<img alt   |--|-->|>|"|\'|=| a=|a |\u200b|é'
)
DECODERS: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...], str]] = {
    "an HTML mail": (read, (HTML_HEADER, HTML_HEADER + b"<a "), " |<|<p>|<a |<!--|&|x "),
    "a multipart": (
        read,
        (PARTS_HEADER,),
        "--b\n|--b\n\nx\n|--\n|--b--\n|\n|x|--b\nContent-Type: text/csv\n\nx\n",
    ),
    "a header": (
        read,
        (b"", b"Subject: ", b"Content-Type: text/plain", b"Content-Type: "),
        'X:\n|A: b\n|x\n |=?a?q?|=?utf-8?q?x?= |; a=b|;a*1=b|(|"\\|Content-Type: message/rfc822\n\n| |:| \n',
    ),
    "the subject alone": (
        partial(read_subject, within=10**9, max_steps=10**9),
        (b"Subject: ",),
        "=?a?q?|x\n | ",
    ),
    "encoded words": (
        decode_words,
        (b"",),
        "=?|=?a?q?|=?utf-8?q?x?= |=?utf-8?b?eA==?=|?=|\xff|\x1b$B| |=?a?q?x?=b",
    ),
    "base64": (partial(decode_transfer, encoding="base64"), (b"",), "QQ=|=|!|Q| Q|\n|Q Q|QUFB\n"),
    "quoted-printable": (
        partial(decode_transfer, encoding="quoted-printable"),
        (b"",),
        "=|= |= \n|=4|=41|\n| ",
    ),
    "uuencode": (
        partial(decode_transfer, encoding="x-uuencode"),
        (b"", b"begin 644 x\n"),
        "begin 644 x\n|begin 644 |M|`\n|`\r\n|end|\n|#0V%T\n|\xff\n",
    ),
    **{
        f"text in {charset}": (
            partial(decode, charset=charset),
            (b"",),
            "a|\xff|\xc3\xbc|\x1b$B|\x1b|+|~{|\0|a\xff",
        )
        for charset in ("utf-8", "utf-7", "utf-16", "iso-2022-jp", "gb2312", "hz", "nonsense")
    },
    "a preview": (
        partial(readable_text, limit=1000),
        (b"", HTML_HEADER, PARTS_HEADER),
        "<p>|x|--b\n\n|&|X: y\n| ",
    ),
    "a bounce": (
        permanent_failure,
        (b"", b"Content-Type: message/delivery-status\n\n", b"Content-Type:"),
        "Content-Type: message/delivery-status\n|Action: |Action: failed\n|Status: 5.|Diagnostic-Code: |"
        "\n| |a:\n",
    ),
    "a declared charset": (meta_charset, (b"", b"<meta "), "<meta |charset|charset =|<?xml |encoding| |="),
}
ATTACKS = {
    **{
        f"HTML {beginning!r} {piece!r}": partial(
            lambda beginning, piece, size: partial(html_to_text, beginning + piece * (size // len(piece))),
            beginning,
            piece,
        )
        for beginning in HTML_BEGINNINGS
        for piece in HTML_PIECES.split("|")
    },
    **{
        f"{name} {beginning!r} {piece!r}": partial(
            lambda work, beginning, piece, size: partial(work, beginning + piece * (size // len(piece))),
            work,
            beginning,
            piece.encode("latin-1"),
        )
        for name, (work, beginnings, pieces) in DECODERS.items()
        for beginning in beginnings
        for piece in pieces.split("|")
    },
    **{
        f"{name} {piece!r}": partial(
            lambda work, piece, size: partial(work, piece * (size // len(piece))), work, piece
        )
        for name, work, pieces in (
            ("parameters", parse_parameters, ';|a=b;|(|)|"|\\|a*1=b;|a*1*=%41;|=| |*|"\\"|a*=\'\'%4;'),
            ("flowed text", partial(unflow, del_sp=True), ">| |\n|a \n|> \n|-- \n| \n"),
            (
                "keywords",
                partial(classify, RULES, None),
                "a|a |aab|<p|é|e\u0301|\u0301\u0327|\u200b|\0a|一| \n|ΐ",
            ),
        )
        for piece in pieces.split("|")
    },
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_decoder_takes_more_than_linear_time(attack: str) -> None:
    assert not is_superlinear(ATTACKS[attack], 8000)
