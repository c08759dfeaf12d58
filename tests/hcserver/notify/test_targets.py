from __future__ import annotations

import msgspec
import pytest

from hcserver.errors import InvalidRequest
from hcserver.notify.targets import MAX_CHARACTERS, decoded, encoded, refusal, stripped

NEEDS = 'a place such as "here"'


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    floor: int = 0


def test_a_refusal_says_what_would_fit() -> None:
    assert str(refusal("it does not fit", NEEDS)) == 'it does not fit: expected a place such as "here"'


def test_white_space_around_a_target_is_left_out() -> None:
    assert stripped(" here\n", NEEDS) == "here"


@pytest.mark.parametrize("target", ["", " \n", "a\0b", "\ud800", "x" * (MAX_CHARACTERS + 1)])
def test_what_can_be_no_target_of_any_kind_is_refused(target: str) -> None:
    with pytest.raises(InvalidRequest, match="expected a place"):
        stripped(target, NEEDS)


def test_a_json_target_is_read_and_written() -> None:
    place = decoded('{"name": "here"}', Place, NEEDS)
    assert place == Place("here")
    assert decoded(encoded(place), Place, NEEDS) == place


@pytest.mark.parametrize("target", ["{", "[]", '{"name": 1}', '{"name": "a", "x": 1}', '{"a":' * 5000])
def test_a_json_target_that_does_not_fit_is_refused(target: str) -> None:
    with pytest.raises(InvalidRequest, match="expected a place"):
        decoded(target, Place, NEEDS)
