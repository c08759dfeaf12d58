from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def database(real_database: Any) -> Any:
    """The mock hands out no documents as they are stored."""
    return real_database


@pytest.fixture
async def target(database: Any) -> Any:
    """Another empty database on the same server."""
    other = database.client.get_database(
        f"{database.name}_target", codec_options=database.codec_options, write_concern=database.write_concern
    )
    yield other
    await database.client.drop_database(other.name)
