from __future__ import annotations

from uuid import UUID

from hcserver.domain.identifiers import unique_key


def test_the_unique_key_is_that_of_the_api_and_does_not_hold_the_id() -> None:
    id = UUID("11111111-2222-4333-8444-555555555555")
    key = unique_key(id)
    assert key == "93e280839e4aab2dee0d62b93359405648026a10"
    assert id.hex not in key
