from __future__ import annotations

import msgspec
import pytest

from hcserver.domain.line_diff import Comparison
from hcserver.mime.letter import Letter
from hcserver.services.reading.contents_worker import (
    Compare,
    Content,
    ReadHtml,
    ReadMail,
    Request,
    Search,
    answer,
)

MAIL = (
    b"Subject: Gr\xc3\xbc\xc3\x9fe\nContent-Type: text/html\n"
    b"Content-Transfer-Encoding: base64\n\nPHA+RGlzazwvcD4gZnVsbA=="
)


def ask(request: Request) -> bytes:
    return answer(msgspec.msgpack.encode(request))


def test_emails_are_read() -> None:
    letter = msgspec.msgpack.decode(ask(ReadMail(MAIL)), type=Letter)
    assert (letter.text, letter.has_html) == ("Disk\nfull", True)
    assert b"<p>Disk</p> full" in ask(ReadHtml(MAIL))
    assert msgspec.msgpack.decode(ask(ReadHtml(b"\nplain"))) is None


@pytest.mark.parametrize(
    ("words", "numbers"),
    [("disk full", [1, 2]), ("DISK", [1, 2]), ("grüsse", [2]), ("nothing", []), ("  full\n", [1, 2])],
)
def test_words_are_found_whatever_their_case_and_in_encoded_emails(words: str, numbers: list[int]) -> None:
    contents = [Content(1, False, b"the disk\tFULL"), Content(2, True, MAIL), Content(3, False, b"\xff")]
    assert msgspec.msgpack.decode(ask(Search(words, contents))) == numbers


def test_what_is_hidden_is_not_found_not_even_a_part_of_it() -> None:
    contents = [Content(1, False, b"curl /ping/SECRET-key"), Content(2, True, b"\nsecret-key and more")]
    for words, numbers in (("secret", []), ("t-k", []), ("curl", [1]), ("and more", [2])):
        assert msgspec.msgpack.decode(ask(Search(words, contents, ["secret-key"]))) == numbers
    assert msgspec.msgpack.decode(ask(Search("secret", contents))) == [1, 2]


def test_outputs_are_compared() -> None:
    request = Compare(Content(1, False, b"a\r\nb"), Content(2, True, b"Subject: x\n\na\nc"))
    comparison = msgspec.msgpack.decode(ask(request), type=Comparison)
    assert [(line.kind, line.text) for line in comparison.lines] == [
        ("same", "a"),
        ("old", "b"),
        ("new", "c"),
    ]
