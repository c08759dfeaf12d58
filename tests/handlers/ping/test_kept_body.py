from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.ping.kept_body import BodyEnd, BodyStart
from tests.cpu_time import cpu_seconds


@given(st.lists(st.binary(max_size=12), max_size=12), st.integers(0, 30))
def test_a_part_of_what_came_is_kept_however_it_came(chunks: list[bytes], limit: int) -> None:
    start, end = BodyStart(limit), BodyEnd(limit)
    for chunk in chunks:
        start.add(chunk)
        end.add(chunk)
    whole = b"".join(chunks)
    assert start.kept() == whole[:limit]
    assert end.kept() == whole[max(len(whole) - limit, 0) :]
    assert start.size == end.size == len(whole)


def test_the_end_takes_no_more_memory_than_its_limit_and_linear_time() -> None:
    end = BodyEnd(1_000_000)

    def fill() -> None:
        for _ in range(400_000):
            end.add(b"0123456789")

    assert cpu_seconds(fill) < 5  # 0.2; if each piece moved what is kept: minutes
    assert sys.getsizeof(end._kept) < 1_300_000
    assert end.size == 4_000_000
    assert end.kept() == b"0123456789" * 100_000


@pytest.mark.parametrize("kind", [BodyStart, BodyEnd])
def test_without_room_nothing_is_kept(kind: type[BodyStart | BodyEnd]) -> None:
    body = kind(0)
    body.add(b"something")
    assert (body.kept(), body.size) == (b"", 9)
