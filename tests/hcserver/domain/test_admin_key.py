from __future__ import annotations

from datetime import UTC, datetime

from hcserver.domain.admin_key import AdminKey


def test_an_admin_key_is_identified_by_the_beginning_of_its_hash() -> None:
    key = AdminKey(hash="0123456789abcdef" * 4, created=datetime(2026, 3, 1, tzinfo=UTC))
    assert key.id == "0123456789ab"
