from __future__ import annotations

import pytest

from hcserver.errors import InvalidRequest
from hcserver.validation.project import ProjectSpec, parse_project


def test_fields_of_the_request_are_read_and_the_others_are_none() -> None:
    assert parse_project({}) == ProjectSpec(name=None, checks_limit=None, pings_limit=None)
    assert parse_project({"name": "x", "checks_limit": 0, "pings_limit": 1000, "id": 1}) == ProjectSpec(
        name="x", checks_limit=0, pings_limit=1000
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"name": 1}, "name is not a string"),
        ({"name": "x" * 101}, "name is too long"),
        ({"name": "a\nb"}, "name contains characters that can't be printed"),
        ({"checks_limit": -1}, "checks_limit is too small"),
        ({"checks_limit": 1_000_001}, "checks_limit is too large"),
        ({"pings_limit": 1001, "name": None}, "name is not a string"),
        ({"pings_limit": 1001}, "pings_limit is too large"),
    ],
    ids=str,
)
def test_a_faulty_field_is_refused(data: dict[str, object], expected: str) -> None:
    with pytest.raises(InvalidRequest, match=f"^json validation error: {expected}$"):
        parse_project(data)
