from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast
from uuid import UUID, uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.services.absences import Absences
from hcserver.services.intake.document_reads import DocumentReads
from hcserver.services.intake.state_reader import StateReader
from hcserver.storage.checks import Stored
from tests.hcserver.services.conftest import START, FakeClock


class FakeReader:
    """Has some documents; `meanwhile` happens while they are read."""

    def __init__(self) -> None:
        self.there: dict[UUID, Stored] = {}
        self.asked: list[list[UUID]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def add(self) -> UUID:
        check = Check(id=uuid4(), project=uuid4(), created=START, badge=uuid4())
        self.there[check.id] = Stored(check, rev=1)
        return check.id

    async def documents(self, ids: Iterable[UUID]) -> dict[UUID, Stored]:
        ids = list(ids)
        self.asked.append(ids)
        self.meanwhile()
        return {id: self.there[id] for id in ids if id in self.there}


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


@pytest.fixture
def reads(reader: FakeReader, clock: FakeClock) -> DocumentReads:
    return DocumentReads(cast(StateReader, reader), Absences(clock))


async def test_checks_that_do_not_exist_are_asked_for_once_a_second(
    reader: FakeReader, reads: DocumentReads, clock: FakeClock
) -> None:
    there, absent = reader.add(), uuid4()
    for _ in range(3):
        assert await reads.read([there, absent]) == ({there: reader.there[there]}, {absent})
        assert await reads.read([absent]) == ({}, {absent})
    assert reader.asked == [[there, absent], [there], [there]]
    clock.advance(1)
    await reads.read([absent])
    assert reader.asked[-1] == [absent]


async def test_a_check_that_was_absent_is_asked_for_when_it_was_created(
    reader: FakeReader, reads: DocumentReads
) -> None:
    first, second = uuid4(), uuid4()
    await reads.read([first, second])
    reads.note_changed(first)
    await reads.read([first, second])
    assert reader.asked[-1] == [first]
    reads.note_all_changed()
    await reads.read([first, second])
    assert reader.asked[-1] == [first, second]


@pytest.mark.parametrize("everything", [False, True])
async def test_what_is_changed_while_it_is_read_is_neither_there_nor_absent(
    reader: FakeReader, reads: DocumentReads, everything: bool
) -> None:
    changed, created = reader.add(), uuid4()

    def change() -> None:
        if everything:
            reads.note_all_changed()
        else:
            reads.note_changed(changed)
            reads.note_changed(created)

    reader.meanwhile = change
    assert await reads.read([changed, created]) == ({}, set())
    reader.meanwhile = lambda: None
    assert await reads.read([changed, created]) == ({changed: reader.there[changed]}, {created})


async def test_what_was_read_of_a_deleted_check_is_not_used(reader: FakeReader, reads: DocumentReads) -> None:
    deleted = reader.add()
    reader.meanwhile = lambda: reads.note_deleted(deleted)
    assert await reads.read([deleted]) == ({}, {deleted})
    assert reads.is_deleted(deleted)
