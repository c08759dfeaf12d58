from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def database(real_database: Any) -> Any:
    """Stores are for servers: what they send has to be understood by one."""
    return real_database
