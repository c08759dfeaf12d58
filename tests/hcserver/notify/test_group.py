from __future__ import annotations

import contextlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.errors import InvalidRequest
from hcserver.notify.group import Group

GROUP = Group()
A, B = UUID(int=0xA), UUID(int=0xB)


def test_a_group_lists_its_members_each_once_in_order() -> None:
    stored = GROUP.normalise(f" {B}, {str(A).upper()},{B}\n")
    assert stored == f"{B},{A}"
    assert GROUP.members(stored) == (B, A)
    assert GROUP.masked(stored) == stored


@pytest.mark.parametrize(
    "given", ["", ",", f"{A},", "x", A.hex, f"{{{A}}}", f"urn:uuid:{A}", f"{A} {B}", "\0", "a" * 20_000]
)
def test_what_is_no_list_of_ids_is_refused_with_what_would_be(given: str) -> None:
    with pytest.raises(InvalidRequest, match=": expected the ids of other channels"):
        GROUP.normalise(given)


def test_a_group_is_not_without_bounds() -> None:
    with pytest.raises(InvalidRequest, match="more than 100"):
        GROUP.normalise(",".join(str(UUID(int=n)) for n in range(101)))


@given(st.text() | st.lists(st.uuids()).map(lambda ids: ",".join(map(str, ids))))
def test_no_target_raises_anything_else(text: str) -> None:
    with contextlib.suppress(InvalidRequest):
        assert GROUP.normalise(GROUP.normalise(text)) == GROUP.normalise(text)
