from __future__ import annotations

import pytest

from hcserver.config.masking import hidden, without_credentials


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://u:p@h:1,i/db?a=b", "mongodb://****@h:1,i/db?a=b"),
        ("mongodb://u:p@ss/word@h/db", "mongodb://****@h/db"),
        ("mongodb+srv://h/", "mongodb+srv://h/"),
        (
            "mongodb://h/?tlsCertificateKeyFilePassword=x&y=z",
            "mongodb://h/?tlsCertificateKeyFilePassword=****&y=z",
        ),
        ("mongodb://h/?authMechanismProperties=TOKEN:x", "mongodb://h/?authMechanismProperties=****"),
    ],
)
def test_credentials_in_a_mongodb_uri_are_masked(uri: str, shown: str) -> None:
    assert without_credentials(uri) == shown


def test_of_a_password_only_its_presence_is_shown() -> None:
    assert hidden("hunter2://x@y") == "****"
    assert hidden("") == ""
