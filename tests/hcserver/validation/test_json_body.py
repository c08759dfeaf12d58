from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.errors import InvalidRequest
from hcserver.validation.json_body import parse_body
from hcserver.validation.json_fields import integer


def test_an_empty_body_has_no_fields() -> None:
    assert parse_body(b"") == {}


def test_the_last_of_duplicate_fields_wins() -> None:
    assert parse_body(b'{"name": "a", "name": "b"}') == {"name": "b"}


@pytest.mark.parametrize(
    "raw",
    [
        b" ",
        b"{",
        b"name=x",
        b"{'name': 'x'}",
        b'{"name": "\xff"}',
        b'\xef\xbb\xbf{"name": "x"}',
        '{"name": "x"}'.encode("utf-16"),
        b'{"name": "a\x00b"}',
        b'{"timeout": 060}',
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
)
def test_what_is_not_json_in_utf8_cannot_be_parsed(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^could not parse request body$"):
        parse_body(raw)


@pytest.mark.parametrize("raw", [b"null", b"[]", b"1", b'"name"', b"NaN", b"1" * 10_000])
def test_json_that_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^json validation error: value is not an object$"):
        parse_body(raw)


@pytest.mark.parametrize("digits", [19, 5_000, 1_000_000])
def test_integers_of_any_length_are_too_large_or_too_small(digits: int) -> None:
    number = b"9" * digits
    read = integer(60, 31_536_000)
    for sign, problem in ((b"", "too large"), (b"-", "too small")):
        fields = parse_body(b'{"timeout": ' + sign + number + b"}")
        with pytest.raises(InvalidRequest, match=f"timeout is {problem}$"):
            read("timeout", fields["timeout"])


@given(st.binary(max_size=60))
def test_any_body_is_parsed_or_refused(raw: bytes) -> None:
    with contextlib.suppress(InvalidRequest):
        assert isinstance(parse_body(raw), dict)
