"""Structs as documents and back, for records whose fields are stored one to one."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def to_document(record: msgspec.Struct) -> dict[str, Any]:
    """The record as a document: `id` becomes `_id`, fields that are None are left out."""
    fields = ((name, getattr(record, name)) for name in record.__struct_fields__)
    return {"_id" if name == "id" else name: plain(value) for name, value in fields if value is not None}


def plain(value: Any) -> Any:
    """The value as it comes back from the database."""
    return list(value) if isinstance(value, tuple) else value


def from_document(document: dict[str, Any], type: type[T]) -> T:
    """The record from which `to_document` made the document, which is changed."""
    document["id"] = document.pop("_id")
    return msgspec.convert(document, type)
