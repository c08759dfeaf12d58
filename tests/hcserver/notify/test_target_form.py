from __future__ import annotations

import pytest

from hcserver.errors import InvalidRequest
from hcserver.notify.target_form import MAX_LINE, WHOLE, TargetField, TargetForm, Values, one_field
from hcserver.notify.targets import MAX_CHARACTERS

ADDRESS = TargetField(name="address", label="Address", type="email", example="ops@example.org")
ROOM = TargetField(name="room", label="Room", pattern="[a-z]+", example="ops")
SIZE = TargetField(name="size", label="Size", type="choice", choices=("s", "l"), default="s", required=False)
NOTE = TargetField(name="note", label="Note", type="multiline", required=False)


def normalise(target: str) -> str:
    if target.startswith("bad"):
        raise InvalidRequest("bad: expected good")
    return target.lower()


def split(target: str) -> Values | None:
    parts = target.split("/")
    return dict(zip(("room", "size", "note"), parts, strict=True)) if len(parts) == 3 else None


FORM = TargetForm(
    label="Chat",
    help="A chat.",
    fields=(ROOM, SIZE, NOTE),
    join=lambda values: f"{values['room']}/{values['size']}/{values['note']}",
    split=split,
    normalise=normalise,
)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (ROOM, "", "room is missing"),
        (ROOM, "  ", "room is missing"),
        (ROOM, "OPS", "room does not look like ops"),
        (ROOM, "a\nb", "room contains characters that can't be printed"),
        (ROOM, "x" * (MAX_LINE + 1), f"room is longer than {MAX_LINE} characters"),
        (SIZE, "m", "size is none of s, l"),
        (NOTE, "a\0b", "note contains characters that can't be printed"),
        (NOTE, "\ud800", "note contains characters that can't be printed"),
        (NOTE, "x" * (MAX_CHARACTERS + 1), f"note is longer than {MAX_CHARACTERS} characters"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_name_of_its_field(
    field: TargetField, value: str, problem: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        field.checked(value)
    assert str(refused.value) == problem


def test_a_value_loses_white_space_around_it_and_has_a_default() -> None:
    assert ROOM.checked(" ops\n") == "ops"
    assert SIZE.checked("") == "s"
    assert NOTE.checked("") == ""
    assert NOTE.checked("two\tor\r\nthree") == "two\tor\r\nthree"


def test_fields_become_a_target_and_are_read_from_it_again() -> None:
    target = FORM.to_target({"room": "ops", "size": "l"})
    assert target == "ops/l/"
    assert FORM.from_target(target) == {"room": "ops", "size": "l"}


def test_an_unknown_field_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InvalidRequest, match="'rome' is no field: expected room, size, note, target"):
        FORM.to_target({"rome": "x"})


@pytest.mark.parametrize("target", ["else", "a/b", "ops/xl/", "OPS/l/", "bad/s/", "1/s/"])
def test_a_target_that_the_fields_do_not_express_is_shown_as_a_whole_and_stays_as_it_is(target: str) -> None:
    assert FORM.from_target(target) == {WHOLE: target}
    assert FORM.to_target(FORM.from_target(target)) == target


def test_the_whole_target_goes_without_other_fields() -> None:
    assert FORM.to_target({WHOLE: " else ", "room": ""}) == "else"
    with pytest.raises(InvalidRequest, match="target does not go together with room"):
        FORM.to_target({WHOLE: "else", "room": "ops"})


def test_fields_that_are_not_given_keep_their_values() -> None:
    assert FORM.merged("ops/l/hello", {"room": "dev"}) == {"room": "dev", "size": "l", "note": "hello"}
    assert FORM.to_target(FORM.merged("ops/l/hello", {"note": ""})) == "ops/l/"
    assert FORM.merged("ops/l/hello", {WHOLE: "else"}) == {WHOLE: "else"}
    assert FORM.merged("else", {"room": "dev", WHOLE: ""}) == {"room": "dev", WHOLE: ""}
    assert FORM.merged("else", {}) == {WHOLE: "else"}


def test_the_main_field_is_the_address_or_the_first_one() -> None:
    assert FORM.main == "room"
    url = TargetField(name="server", label="Server", type="url")
    fields = (ROOM, url)
    form = TargetForm(label="", help="", fields=fields, join=str, split=split, normalise=normalise)
    assert form.main == "server"


def test_a_kind_with_one_field_has_no_other_one_for_the_whole_target() -> None:
    form = one_field("Email", "By email.", ADDRESS, normalise)
    assert form.all_fields == (ADDRESS,)
    assert form.to_target({"address": " ops@example.org "}) == "ops@example.org"
    for stored in ("ops@example.org", "BAD", "bad"):
        assert form.from_target(stored) == {"address": stored}
    with pytest.raises(InvalidRequest, match="'target' is no field: expected address"):
        form.to_target({WHOLE: "x"})
