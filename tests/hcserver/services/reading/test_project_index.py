from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.status import with_deadline
from hcserver.services.reading import project_index
from hcserver.services.reading.project_index import ProjectIndex, Selection
from tests.hcserver.services.conftest import START

PROJECT = uuid4()
ALL = 10**9
EVERYTHING = Selection()


def check(number: int, **fields: object) -> Check:
    created = START + timedelta(seconds=number)
    known = {"id": UUID(int=number), "project": PROJECT, "created": created, "badge": uuid4()}
    return Check(**(known | fields))  # type: ignore[arg-type]


def loaded(*checks: Check) -> ProjectIndex:
    index = ProjectIndex()
    for one in checks:
        index.load(one, START)
    index.finish_loading()
    return index


def ids(index: ProjectIndex, selection: Selection = EVERYTHING) -> list[int]:
    index.advance(START, ALL)
    return [one.id.int for one in index.select(selection, None, ALL, ALL)[0]]


def tagged(*tags: str) -> Selection:
    return Selection(tags=frozenset(tags))


def test_checks_are_selected_in_the_order_of_their_creation() -> None:
    assert ids(loaded(check(3), check(1), check(2))) == [1, 2, 3]


def test_checks_are_selected_by_slug_and_by_all_of_the_tags() -> None:
    index = loaded(
        check(1, slug="x", tags="a b"), check(2, slug="y", tags="b"), check(3, slug="x", tags="b c"), check(4)
    )
    assert ids(index, Selection("x")) == [1, 3]
    assert ids(index, tagged("b")) == [1, 2, 3]
    assert ids(index, tagged("a", "b")) == [1]
    assert ids(index, Selection("x", frozenset({"b", "c"}))) == [3]
    assert ids(index, Selection("z")) == ids(index, tagged("z")) == ids(index, tagged("a", "z")) == []
    assert set(index.tags()) == {"a", "b", "c"}


def test_a_changed_check_moves_to_its_new_slug_and_tags() -> None:
    index = loaded(check(1, slug="old", tags="a"), check(2, tags="a"))
    index.put(check(1, slug="new", tags="b"), START)
    assert ids(index, Selection("old")) == []
    assert ids(index, Selection("new")) == ids(index, tagged("b")) == [1]
    assert ids(index, tagged("a")) == [2]
    index.put(check(2), START)
    assert ids(index) == [1, 2]
    assert set(index.tags()) == {"b"}


def test_the_checks_that_depend_on_one_are_known() -> None:
    last, first = check(3, depends_on=(UUID(int=1), UUID(int=9))), check(2, depends_on=(UUID(int=1),))
    index = loaded(last, check(1), first)

    def dependents(number: int) -> list[int]:
        index.advance(START, ALL)
        return [one.id.int for one in index.dependents(UUID(int=number))]

    assert (dependents(1), dependents(9), dependents(2)) == ([2, 3], [3], [])
    index.put(check(3, depends_on=(UUID(int=2),)), START)
    assert (dependents(1), dependents(9), dependents(2)) == ([2], [], [3])
    index.remove(UUID(int=2))
    assert (dependents(1), dependents(2)) == ([], [3])


def test_a_removed_check_is_nowhere() -> None:
    index = loaded(check(1, slug="x", tags="a"), check(2))
    index.put(check(1, slug="x", tags="a", name="changed"), START)
    index.remove(UUID(int=1))
    index.remove(UUID(int=7))
    assert ids(index) == [2]
    assert ids(index, Selection("x")) == ids(index, tagged("a")) == []
    assert index.counts("a") == {}
    assert UUID(int=1) not in index


def test_a_page_goes_on_where_the_last_one_ended() -> None:
    index = loaded(*(check(number, tags="even" if number % 2 == 0 else "odd") for number in range(1, 8)))
    for selection, expected in (
        (Selection(), [1, 2, 3, 4, 5, 6, 7]),
        (tagged("odd"), [1, 3, 5, 7]),
        (tagged("even", "odd"), []),
    ):
        for limit in (1, 2, 3, 100):
            for examined in (1, 2, 100):
                after, found = None, []
                while True:
                    some, after = index.select(selection, after, limit, examined)
                    assert len(some) <= limit
                    found += [one.id.int for one in some]
                    if after is None:
                        break
                assert found == expected


def test_time_moves_checks_into_late_and_down() -> None:
    late_at = replace(check(1), status="up", last_ping=START, timeout=60, alert_after=START + timedelta(100))
    index = loaded(late_at, replace(check(2), alert_after=START + timedelta(seconds=80)))
    for seconds, expected in (
        (59, {"up": 1, "new": 1}),
        (60, {"grace": 1, "new": 1}),
        (80, {"grace": 1, "down": 1}),
        (100 * 86400, {"down": 2}),
    ):
        index.advance(START + timedelta(seconds=seconds), ALL)
        assert {status: count for status, count in index.counts(None).items() if count} == expected


def test_a_ping_moves_the_moment_at_which_a_check_is_late() -> None:
    first = replace(check(1), status="up", last_ping=START, timeout=60)
    index = loaded(first)
    index.put(replace(first, last_ping=START + timedelta(seconds=50)), START)
    index.advance(START + timedelta(seconds=109), ALL)
    assert index.counts(None)["up"] == 1
    index.advance(START + timedelta(seconds=110), ALL)
    assert index.counts(None)["grace"] == 1


def test_advancing_is_done_in_steps() -> None:
    index = loaded(*(replace(check(n), alert_after=START + timedelta(seconds=200)) for n in range(1, 10)))
    now = START + timedelta(seconds=200)
    steps = 1
    while index.advance(now, 2):
        steps += 1
    assert steps == 5
    assert index.counts(None)["down"] == 9


def test_what_changes_while_the_index_is_loaded_is_newer_than_what_is_read() -> None:
    index = ProjectIndex()
    index.put(check(1, name="new"), START)
    index.remove(UUID(int=2))
    for number in (1, 2, 3):
        index.load(check(number, name="old"), START)
    index.finish_loading()
    index.advance(START, ALL)
    assert [one.name for one in index.select(Selection(), None, ALL, ALL)[0]] == ["new", "old"]


def test_no_more_changes_wait_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_index, "MAX_PENDING", 3)
    index = loaded()
    for number in range(1, 10):
        index.put(check(number), START)
        assert len(index._pending) <= 3
    assert len(index) == 6
    assert ids(index) == list(range(1, 10))


def test_an_index_notices_that_the_clock_was_set_back() -> None:
    index = loaded(check(1))
    index.advance(START, ALL)
    assert not index.is_ahead_of(START - timedelta(seconds=0.5))
    assert index.is_ahead_of(START - timedelta(seconds=2))


def test_changes_since_a_revision_are_known_the_latest_first() -> None:
    index = ProjectIndex()
    one, two = check(1), check(2)
    for loaded_check in (one, two):
        index.load(loaded_check, START)
    index.finish_loading()
    assert (index.revision, index.changed_since(0)) == (0, [])
    index.put(replace(one, name="changed"), START)
    index.advance(START, 100)
    seen = index.revision
    assert index.changed_since(0) == [one.id]
    index.put(replace(two, name="changed"), START)
    index.advance(START, 100)
    index.remove(one.id)
    assert index.changed_since(seen) == [one.id, two.id]
    assert index.changed_since(index.revision) == []


def test_of_checks_that_are_gone_the_last_ones_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project_index, "MAX_GONE", 2)
    stays, *gone = checks = [check(number) for number in range(1, 6)]
    index = loaded(*checks)
    index.put(replace(stays, name="changed"), START)
    index.advance(START, 100)
    for one in gone:
        index.remove(one.id)
    assert index.changed_since(0) == [gone[3].id, gone[2].id, stays.id]
    index.put(gone[2], START)  # it has come back, and counts as one that is there
    index.advance(START, 100)
    index.remove(stays.id)
    assert index.changed_since(0) == [stays.id, gone[2].id, gone[3].id]


def test_a_status_that_changes_by_time_is_a_change() -> None:
    index = ProjectIndex()
    up = with_deadline(replace(check(1), status="up", last_ping=START, timeout=60, grace=60))
    index.load(up, START)
    index.finish_loading()
    index.advance(START + timedelta(seconds=30), 100)
    assert index.changed_since(0) == []
    index.advance(START + timedelta(seconds=61), 100)
    assert index.changed_since(0) == [up.id]
    found = index.find(up.id)
    assert found is not None and found.status == "grace"
    assert [one.check.id for one in index.shown()] == [up.id]
