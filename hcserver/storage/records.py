"""Structs to documents and back, for records that are stored as they are."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def to_document(record: msgspec.Struct) -> dict[str, Any]:
    """The record as a document: `id` becomes `_id`, fields that are None are left out."""
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    fields["_id"] = fields.pop("id")
    return {name: value for name, value in fields.items() if value is not None}


def from_document(document: dict[str, Any], type: type[T]) -> T:
    """The record that `to_document` made the document of."""
    document["id"] = document.pop("_id")
    return msgspec.convert(document, type)
