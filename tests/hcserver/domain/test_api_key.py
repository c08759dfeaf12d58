from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from hcserver.domain.api_key import ID_PATTERN, ApiKey, KeyAccess


@pytest.mark.parametrize(("access", "writable"), [("read-write", True), ("read-only", False)])
def test_a_key_has_an_id_that_is_not_its_hash_and_says_whether_it_writes(
    access: KeyAccess, writable: bool
) -> None:
    key = ApiKey(
        hash="0123456789abcdef" * 4,
        project=uuid4(),
        name="backup",
        access=access,
        created=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert (key.id, key.writable, key.last_used) == ("0123456789ab", writable, None)
    assert re.fullmatch(ID_PATTERN, key.id)
