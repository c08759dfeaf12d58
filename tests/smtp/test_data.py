from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from smtp.data import Data

contents = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"x"]), max_size=12).map(b"".join)


def stuffed(content: bytes) -> bytes:
    """As a sender has to send it (RFC 5321 section 4.5.2)."""
    if not content.endswith(b"\r\n") and content:
        content += b"\r\n"
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


@given(contents, st.lists(st.integers(1, 4)), st.sampled_from([b"", b"QUIT\r\n", b".\r\n"]))
@example(b"", [], b"")
@example(b".", [1] * 9, b"MAIL")
def test_a_message_is_read_correctly_however_it_is_cut_into_pieces(
    content: bytes, cuts: list[int], more: bytes
) -> None:
    wire = stuffed(content)
    data = Data(10_000)
    at = 0
    for size in cuts:
        if at + size >= len(wire):
            break
        assert data.feed(wire[at : at + size]) is None
        at += size
    assert data.feed(wire[at:] + more) == more
    expected = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    assert data.content() == expected
    assert not data.too_large


def test_only_a_line_of_one_dot_between_crlf_ends_the_message() -> None:
    for piece in (b"a\n.\n", b"a\r\n.\n", b"a\n.\r\n", b"a\r.\r", b"a.\r\n", b"\n.\r\n"):
        assert Data(100).feed(piece) is None
    data = Data(100)
    assert data.feed(b"a\n.\r\nb\r\n.\r\n") == b""
    assert data.content() == b"a\n.\r\nb\r\n"


def test_a_message_that_is_too_large_is_discarded_up_to_its_end() -> None:
    exact, over = Data(6), Data(5)
    assert exact.feed(b"abcd\r\n.\r\n") == b""
    assert not exact.too_large
    assert over.feed(b"abcd\r\n") is None
    assert over.feed(b"x" * 100) is None
    assert over.feed(b"\r\n.\r\nRSET\r\n") == b"RSET\r\n"
    assert over.too_large
