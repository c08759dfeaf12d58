"""A database in memory: mongomock-motor, set up to read and write as the real connection does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import bson
from mongomock.collection import BulkOperationBuilder
from mongomock_motor import AsyncMongoMockClient

from hcserver.storage.client import CODEC


class _OurBson(bson.BSON):
    @classmethod
    def encode(  # type: ignore[override]
        cls, document: Mapping[str, Any], check_keys: bool = False, **_: Any
    ) -> bson.BSON:
        return super().encode(document, check_keys, codec_options=CODEC)


class _Bulk(BulkOperationBuilder):
    """Takes the `sort` that the driver hands over for each update, which none of ours has."""

    def add_update(self, *arguments: Any, sort: None = None, **options: Any) -> None:
        assert sort is None
        super().add_update(*arguments, **options)  # type: ignore[no-untyped-call]

    def add_replace(self, *arguments: Any, sort: None = None, **options: Any) -> None:
        assert sort is None
        super().add_replace(*arguments, **options)  # type: ignore[no-untyped-call]


@contextmanager
def mock_database() -> Iterator[Any]:
    """An empty database."""
    with (
        # The mock encodes what is written, to see whether it can be, with the driver's default options: these
        # refuse UUIDs, and the mock lets nobody choose others.
        patch("mongomock.collection.BSON", _OurBson),
        patch("mongomock.collection.BulkOperationBuilder", _Bulk),
    ):
        # Without database_of: the mock takes no codec options.
        yield AsyncMongoMockClient(tz_aware=True)["hcserver"]
