from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.services.reading.project_index import Selection
from hcserver.services.reading.project_indexes import ProjectIndexes
from tests.hcserver.services.conftest import START, FakeClock


def check(project: UUID) -> Check:
    return Check(id=uuid4(), project=project, created=START, badge=uuid4())


@pytest.fixture
def indexes(clock: FakeClock) -> ProjectIndexes:
    return ProjectIndexes(10, clock)


def filled(indexes: ProjectIndexes, size: int) -> UUID:
    project = uuid4()
    index = indexes.begin(project)
    for _ in range(size):
        index.load(check(project), START)
    index.finish_loading()
    return project


def test_changes_reach_the_index_of_their_project(indexes: ProjectIndexes) -> None:
    project = filled(indexes, 0)
    one, foreign = check(project), check(uuid4())
    for some in (one, foreign):
        indexes.put(some)
        indexes.mark_outdated(some.id, some.project)
    index = indexes.get(project)
    assert index is not None
    index.advance(START, 10)
    assert index.select(Selection(), None, 10, 10)[0] == [one]
    assert index.outdated == {one.id}
    indexes.remove(one.id, project)
    indexes.remove(foreign.id, foreign.project)
    assert len(index) == 0
    assert index.outdated == set()


def test_projects_that_were_not_read_for_longest_make_room(indexes: ProjectIndexes) -> None:
    first, second = filled(indexes, 3), filled(indexes, 3)
    indexes.get(first)
    third = filled(indexes, 0)
    assert indexes.make_room(third, 4)
    assert indexes.get(second) is None
    assert indexes.get(first) is not None


def test_a_project_that_is_too_large_has_no_room(indexes: ProjectIndexes) -> None:
    project = filled(indexes, 0)
    assert indexes.make_room(project, 10)
    assert not indexes.make_room(project, 11)


def test_an_index_that_grows_too_large_leaves(indexes: ProjectIndexes) -> None:
    project = filled(indexes, 10)
    indexes.put(check(project))
    assert indexes.get(project) is None


def test_projects_without_checks_are_bounded_as_well(indexes: ProjectIndexes) -> None:
    for _ in range(20):
        indexes.make_room(filled(indexes, 0))
    assert len(indexes._indexes) <= 10


def test_all_indexes_leave_when_everything_is_outdated(indexes: ProjectIndexes) -> None:
    project = filled(indexes, 1)
    indexes.mark_all_outdated()
    assert indexes.get(project) is None
