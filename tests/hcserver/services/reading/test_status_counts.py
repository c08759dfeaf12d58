from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.services.reading import status_counts
from hcserver.services.reading.indexed_check import IndexedCheck
from hcserver.services.reading.status_counts import StatusCounts
from tests.hcserver.services.conftest import START


def entry(tags: str, down_after: float) -> IndexedCheck:
    down_at = START + timedelta(seconds=down_after)
    check = Check(id=uuid4(), project=uuid4(), created=START, badge=uuid4(), tags=tags, alert_after=down_at)
    return IndexedCheck(check, START)


def test_a_check_is_counted_for_all_and_for_each_of_its_tags() -> None:
    counts = StatusCounts()
    both, one = entry("a b", 10), entry("a", 10)
    counts.add(both)
    counts.add(one)
    assert (counts.of(None)["new"], counts.of("a")["new"], counts.of("b")["new"]) == (2, 2, 1)
    counts.look(both, START + timedelta(seconds=10))
    assert (counts.of("a")["new"], counts.of("a")["down"], counts.of("b")["down"]) == (1, 1, 1)
    counts.remove(both)
    assert counts.of("b") == {}
    assert counts.of(None)["down"] == 0


def test_a_look_is_scheduled_for_the_moment_at_which_the_status_changes() -> None:
    counts = StatusCounts()
    late, early = entry("", 20), entry("", 10)
    counts.add(late)
    counts.add(early)
    assert counts.take_due(START + timedelta(seconds=9)) is None
    assert counts.take_due(START + timedelta(seconds=10)) == (early.until, early.check.id)
    assert counts.take_due(START + timedelta(seconds=10)) is None


def test_a_moment_that_moves_into_the_future_needs_no_further_look() -> None:
    counts = StatusCounts()
    one = entry("", 10)
    counts.add(one)
    for seconds in range(11, 50):
        one.check = replace(one.check, alert_after=START + timedelta(seconds=seconds))
        counts.look(one, START)
    assert len(counts._looks) == 1
    assert counts.take_due(START + timedelta(seconds=10)) is not None


def test_looks_that_are_not_needed_any_more_are_removed() -> None:
    counts = StatusCounts()
    one = entry("", 10_000)
    counts.add(one)
    entries: dict[UUID, IndexedCheck] = {one.check.id: one}
    for seconds in range(9_999, 7_000, -1):
        one.check = replace(one.check, alert_after=START + timedelta(seconds=seconds))
        counts.look(one, START)
        counts.drop_spare_looks(entries)
    assert len(counts._looks) <= status_counts._SPARE_LOOKS + 2
    assert counts._looks[0] == (START + timedelta(seconds=7_001), one.check.id)
