from __future__ import annotations

import pytest

from hcserver.errors import InvalidFields
from hcserver.validation.account import all_of, new_password, new_user, user_name


def test_a_name_loses_the_blanks_around_it() -> None:
    assert user_name("  Ann Ä. ") == "Ann Ä."
    assert user_name("x" * 100) == "x" * 100


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "Give a name."),
        (" \t\n", "Give a name."),
        ("x" * 101, "A name has at most 100 characters."),
        ("x" * 1_000_000, "A name has at most 100 characters."),
        ("a\nb", "A name has no characters that can't be printed."),
        ("a\0b", "A name has no characters that can't be printed."),
        ("a\ud800b", "A name has no characters that can't be printed."),
        ("a\u202eb", "A name has no characters that can't be printed."),
    ],
)
def test_a_name_that_can_not_be_used_is_refused(name: str, fault: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        user_name(name)
    assert caught.value.faults == {"name": fault}
    assert str(caught.value) == f"name: {fault}"


@pytest.mark.parametrize("password", ["x" * 10, "x" * 1000, " " * 10, "pässwörter\0"])
def test_any_text_of_ten_to_a_thousand_characters_is_a_password(password: str) -> None:
    assert new_password(password) == password


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("x" * 9, "A password has at least 10 characters."),
        ("x" * 1001, "A password has at most 1000 characters."),
        ("x" * 10 + "\ud800", "The password has characters that can't be stored."),
    ],
)
def test_a_password_that_can_not_be_used_is_refused(password: str, fault: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        new_password(password, "new")
    assert caught.value.faults == {"new": fault}
    assert "x" * 10 not in str(caught.value)


def test_the_faults_of_all_fields_are_reported_together() -> None:
    with pytest.raises(InvalidFields) as caught:
        new_user("", "short")
    assert list(caught.value.faults) == ["name", "password"]
    new_user("ann", None)
    all_of(lambda: None)
