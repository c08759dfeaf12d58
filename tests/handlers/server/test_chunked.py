from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPInputError

from handlers.server.chunked import MAX_LINE, MAX_TRAILERS, ChunkedDecoder

BODY = (
    b'5;name=value\r\nhello\r\n1 ; quoted="a;b"\r\n,\r\n00A\r\n 123456789\r\n'
    b"0;last\r\nDigest: x\r\nEmpty:\r\n\r\n"
)


@given(st.lists(st.integers(1, len(BODY) + 4), max_size=20))
def test_the_data_is_the_same_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    sent = BODY + b"GET /"
    edges = sorted({0, *(cut for cut in cuts if cut < len(sent)), len(sent)})
    decoder, data, used = ChunkedDecoder(), b"", 0
    for start, end in pairwise(edges):
        data += decoder.feed(sent[start:end])
        used = end
        if decoder.done:
            break
    assert (decoder.done, data, decoder.chunks) == (True, b"hello, 123456789", 3)
    assert decoder.rest + sent[used:] == b"GET /"


def test_a_body_may_be_empty() -> None:
    decoder = ChunkedDecoder()
    assert decoder.feed(b"0\r\n\r\n") == b""
    assert (decoder.done, decoder.rest, decoder.chunks) == (True, b"", 0)


def test_data_may_look_like_chunks() -> None:
    decoder = ChunkedDecoder()
    assert decoder.feed(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n") == b"0\r\n\r\n"
    assert decoder.done


@pytest.mark.parametrize(
    "body",
    [
        b"xyz\r\n",
        b"\r\n",
        b"-1\r\na\r\n",
        b"+1\r\na\r\n",
        b"0x1\r\na\r\n",
        b"1_0\r\n",
        b" 1\r\na\r\n",
        b"1 1\r\na\r\n",
        b"1\na\n",
        b"1;a\nb\r\na\r\n",
        b"1\r\nab\r\n",
        b"1\r\na\n\n",
        b"1\r\na\rb",
        b"f" * 17 + b"\r\n",
        b"1;" + b"x" * MAX_LINE,
        b"0\r\nno field\r\n",
        b"0\r\nX: " + b"y" * MAX_LINE,
        b"0\r\n" + b"X: y\r\n" * MAX_TRAILERS,
    ],
)
def test_what_is_no_chunked_body_is_refused(body: bytes) -> None:
    with pytest.raises(HTTPInputError):
        ChunkedDecoder().feed(body)
    with pytest.raises(HTTPInputError):
        decoder = ChunkedDecoder()
        for position in range(len(body)):
            decoder.feed(body[position : position + 1])
