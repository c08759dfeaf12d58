from __future__ import annotations

import pytest

from hcserver.errors import InvalidRequest
from hcserver.validation.project import ProjectSpec, parse_ping_key, parse_project


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


@pytest.mark.parametrize("key", ["abcdefghijklmnopqrstuv", "Ab3_-678901234567890xy", "x" * 16, "x" * 100])
def test_a_ping_key_fits_into_an_address(key: str) -> None:
    assert parse_ping_key(key) == key


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("x" * 15, "has fewer than 16 characters"),
        ("x" * 101, "is too long"),
        ("s3cret key with blanks", "does not match pattern"),
        ("x" * 20 + "\n", "does not match pattern"),
        ("ä" * 22, "does not match pattern"),
        ("5e7a5a52-6a0e-4c64-8d4b-5a9c2f5c6d10", "is a uuid"),
        (22, "is not a string"),
    ],
)
def test_another_ping_key_is_refused_without_being_shown(key: object, problem: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_ping_key(key)
    assert str(raised.value) == f"json validation error: ping_key {problem}"
