from __future__ import annotations

from typing import Any

import pytest

from hcserver.services.reading.log_entries import Entry, Part, Wanted, merge
from tests.hcserver.storage.contract.records import a_ping, later


def part(*seconds: float, end: int = 0, floor: float | None = None) -> Part:
    """Entries at these seconds, whose places count down."""
    entries = [
        Entry(later(second), second, len(seconds) - index)  # type: ignore[arg-type]
        for index, second in enumerate(seconds)
    ]
    return Part(entries, end, None if floor is None else later(floor))


def taken(parts: list[Part], limit: int = 50) -> list[Any]:
    return [entry.what for entry in merge(parts, limit).entries]


def test_streams_are_merged_by_their_moments() -> None:
    merged: Any = merge([part(9, 5, 1), part(8, 6), part()], 50)
    assert [entry.what for entry in merged.entries] == [9, 8, 6, 5, 1]
    assert (merged.places, merged.done) == ([0, 0, 0], True)


def test_a_page_ends_where_it_is_full() -> None:
    merged: Any = merge([part(9, 5, 1), part(8, 6)], 3)
    assert [entry.what for entry in merged.entries] == [9, 8, 6]
    assert (merged.places, merged.done) == ([3, 0], False)  # from the entry with place 2 on


def test_nothing_is_taken_that_is_older_than_what_another_stream_has_still_to_look_through() -> None:
    merged: Any = merge([part(9, end=40, floor=7), part(8, 6)], 50)
    assert [entry.what for entry in merged.entries] == [9, 8]
    assert (merged.places, merged.done) == ([40, 2], False)


def test_the_order_within_a_stream_is_kept() -> None:
    assert taken([part(9, 4, 6), part(5)]) == [9, 5, 4, 6]


@pytest.mark.parametrize(
    ("types", "merges"),
    [({"start"}, False), ({"start", "fail"}, False), ({"start", "fail", "success"}, True), ({"fail"}, True)],
)
def test_starts_are_merged_with_their_ends_where_both_are_wanted(types: set[str], merges: bool) -> None:
    assert Wanted(types=frozenset(types)).merges_runs is merges


def test_a_ping_is_taken_by_type_and_moment() -> None:
    ping = a_ping(None, 1)  # type: ignore[arg-type]
    assert Wanted(since=later(0), until=later(1)).takes(ping)
    assert not Wanted(since=later(1)).takes(ping)
    assert not Wanted(until=later(0)).takes(ping)
    assert not Wanted(types=frozenset({"fail"})).takes(ping)
