"""Structs as documents and back, for records whose fields are stored one to one."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def to_document(record: msgspec.Struct) -> dict[str, Any]:
    """The record as a document: `id` becomes `_id`. Fields that are None are left out, and tuples that are
    empty by default and have nothing in them.
    """
    empty = _empty_by_default(type(record))
    fields = ((name, getattr(record, name)) for name in record.__struct_fields__)
    return {
        "_id" if name == "id" else name: plain(value)
        for name, value in fields
        if value is not None and not (name in empty and value == ())
    }


@cache
def _empty_by_default(record: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.name for field in msgspec.structs.fields(record) if field.default == ())


def plain(value: Any) -> Any:
    """The value as it comes back from the database."""
    return list(value) if isinstance(value, tuple) else value


def from_document(document: dict[str, Any], type: type[T]) -> T:
    """The record from which `to_document` made the document, which is changed."""
    document["id"] = document.pop("_id")
    return msgspec.convert(document, type)
