from __future__ import annotations

import pytest

from hcserver.runner.tail import Tail


def tail(*chunks: bytes, capacity: int = 1000) -> Tail:
    made = Tail(capacity)
    for chunk in chunks:
        made.append(chunk)
    return made


def test_what_fits_is_kept_as_it_is() -> None:
    assert tail(b"a\n", b"\xff\x00b").last(5) == b"a\n\xff\x00b"
    assert tail().last(0) == b""


def test_of_more_the_end_is_kept_below_a_line_that_says_so() -> None:
    assert (
        tail(b"x" * 900, b"the end").last(50)
        == b"(894 bytes before this are left out)\n" + b"x" * 6 + b"the end"
    )


@pytest.mark.parametrize("limit", range(120))
def test_it_is_never_longer_than_the_limit(limit: int) -> None:
    text = ("€" * 50).encode()
    last = tail(text, text).last(limit)
    assert len(last) <= limit
    last.decode()  # no character is cut


def test_a_limit_above_what_is_kept_is_kept_to() -> None:
    last = tail(b"a" * 5000, b"b" * 10, capacity=100).last(10_000)
    assert len(last) == 100
    assert last.startswith(b"(4948 bytes before")


def test_bytes_that_are_no_text_are_kept() -> None:
    assert tail(b"\x80" * 200).last(60).endswith(b"\x80" * 20)


def test_its_memory_is_bounded() -> None:
    made = Tail(1000)
    for _ in range(1000):
        made.append(b"x" * 999)
    assert len(made._kept) <= 3000
