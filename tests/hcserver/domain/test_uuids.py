from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest

from hcserver.domain.uuids import UUID_PATTERN, parse_uuid

ID = "6837d6ec-fc08-4da5-a67f-08a9ed1ccf62"


@pytest.mark.parametrize("text", [ID, ID.upper(), "6837D6ec-fc08-4DA5-a67f-08a9ed1ccf62"])
def test_the_usual_form_is_read_in_either_case(text: str) -> None:
    assert parse_uuid(text) == UUID(ID)


@pytest.mark.parametrize(
    "text",
    ["", "x", ID[:-1], f"{ID}0", f"{ID}\n", f" {ID}", f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""),
     ID.replace("6", "g"), ID.replace("6", "６"), ID.replace("-", "_")],
)  # fmt: skip
def test_every_other_form_is_refused(text: str) -> None:
    assert parse_uuid(text) is None


def test_every_uuid_that_is_written_out_is_read_again() -> None:
    for one in (uuid4() for _ in range(100)):
        assert parse_uuid(str(one)) == one


def test_the_pattern_adds_no_groups_to_the_pattern_that_it_is_put_into() -> None:
    assert re.compile(rf"({UUID_PATTERN})").groups == 1
