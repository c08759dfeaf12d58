from __future__ import annotations

from typing import Any

import pytest

from hcserver.config.schema import MongoSettings
from hcserver.storage.client import connect


@pytest.fixture
async def target(database: Any, mongo_uri: str) -> Any:
    """Another empty database on the same server."""
    other = database.client.get_database(
        f"{database.name}_target", codec_options=database.codec_options, write_concern=database.write_concern
    )
    yield other
    patient = connect(mongo_uri, MongoSettings(timeout=60.0))
    try:
        await patient.drop_database(other.name)
    finally:
        patient.close()
