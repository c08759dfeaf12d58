from __future__ import annotations

import pytest

from hcserver.declaration.faults import Faults
from hcserver.errors import InvalidRequest
from hcserver.validation.json_fields import fault


def test_every_fault_has_its_place_and_what_people_call_the_thing_there() -> None:
    faults = Faults()
    faults.add("", "the file is empty")
    check = faults.below("projects[0]", "Lab").below("checks[2]", "backup")
    check.add("timeout", "is too small")
    check.add("", "is odd")
    faults.below("projects[1]").add("name", "is missing")
    with pytest.raises(InvalidRequest) as raised:
        faults.raise_any()
    assert str(raised.value).splitlines() == [
        "the file is empty",
        "projects[0].checks[2].timeout: is too small (backup)",
        "projects[0].checks[2]: is odd (backup)",
        "projects[1].name: is missing",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("timeout is too small", "checks[0].timeout: is too small"),
        ("timeout.url is missing", "checks[0].timeout.url: is missing"),
        ("an item in 'timeout' has unexpected value", None),
    ],
)
def test_the_text_of_the_validation_stands_behind_the_place(text: str, line: str | None) -> None:
    faults = Faults("checks[0]")
    with faults.of_field("timeout"):
        raise fault(text)
    assert faults.texts == [line or f"checks[0].timeout: {text}"]


def test_a_label_that_can_not_be_printed_is_left_out() -> None:
    faults = Faults("checks[0]", "a\x1b[31m")
    faults.add("slug", "does not match pattern")
    assert faults.texts == ["checks[0].slug: does not match pattern"]


def test_without_faults_nothing_is_raised() -> None:
    Faults().raise_any()
