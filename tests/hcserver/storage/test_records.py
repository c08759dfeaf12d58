from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec

from hcserver.storage.records import from_document, to_document


class Record(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    at: datetime
    tags: tuple[str, ...] = ()
    note: str | None = None


def test_a_record_and_its_document_have_the_same_fields() -> None:
    record = Record(id=uuid4(), at=datetime(2026, 3, 1, tzinfo=UTC), tags=("a", "b"))
    document = to_document(record)
    assert document == {"_id": record.id, "at": record.at, "tags": ["a", "b"]}
    assert from_document(document, Record) == record


def test_fields_that_are_null_in_a_document_are_none() -> None:
    id = uuid4()
    document = {"_id": id, "at": datetime(2026, 3, 1, tzinfo=UTC), "note": None}
    assert from_document(document, Record).note is None


def test_a_tuple_that_is_empty_by_default_is_left_out_where_it_is_empty() -> None:
    record = Record(id=uuid4(), at=datetime(2026, 3, 1, tzinfo=UTC))
    document = to_document(record)
    assert document == {"_id": record.id, "at": record.at}
    assert from_document(document, Record) == record


def test_a_tuple_with_another_default_is_stored_when_it_is_empty() -> None:
    class Events(msgspec.Struct, frozen=True, kw_only=True):
        id: UUID
        events: tuple[str, ...] = ("down", "up")

    record = Events(id=uuid4(), events=())
    assert to_document(record) == {"_id": record.id, "events": []}
