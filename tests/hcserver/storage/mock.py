"""A database in memory: mongomock-motor, set up to read and write as the real connection does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import bson
from mongomock_motor import AsyncMongoMockClient

from hcserver.storage.client import CODEC


class _OurBson(bson.BSON):
    @classmethod
    def encode(  # type: ignore[override]
        cls, document: Mapping[str, Any], check_keys: bool = False, **_: Any
    ) -> bson.BSON:
        return super().encode(document, check_keys, codec_options=CODEC)


# The mock encodes what is written, to see whether it can be, with the driver's default options: these refuse
# UUIDs, and the mock lets nobody choose others.
uuids_allowed = patch("mongomock.collection.BSON", _OurBson)


def mock_database() -> Any:
    """An empty database. It must be used while `uuids_allowed` is in force."""
    # Without database_of: the mock takes no codec options.
    return AsyncMongoMockClient(tz_aware=True)["hcserver"]
