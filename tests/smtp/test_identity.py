from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from hcserver.services.intake.repetitions import ID_BYTES
from smtp.identity import TOKEN_BYTES, identity

MAIL = b"Message-ID: <1@nas>\r\nDate: today\r\nSubject: Backup OK\r\n\r\nAll is well.\r\n"
CHECK = UUID(int=1)


def token(raw: bytes, check: UUID = CHECK) -> bytes:
    known = identity(raw)
    assert known is not None
    return known.token(check)


def test_a_later_attempt_has_the_same_token_for_the_same_check() -> None:
    assert token(MAIL) == token(MAIL)
    assert len(token(MAIL)) == TOKEN_BYTES
    assert token(b"Received: from a relay\r\n" + MAIL) == token(MAIL)
    assert token(MAIL.replace(b"Message-ID", b"MESSAGE-id").replace(b"Date:", b"date :")) == token(MAIL)
    assert token(MAIL, uuid4()) != token(MAIL)


@pytest.mark.parametrize(
    ("old", "new"), [(b"today", b"tomorrow"), (b"Backup OK", b"Backup FAILED"), (b"well", b"ill")]
)
def test_another_report_under_the_same_id_has_a_token_that_begins_alike(old: bytes, new: bytes) -> None:
    other = token(MAIL.replace(old, new))
    assert other != token(MAIL)
    assert other[:ID_BYTES] == token(MAIL)[:ID_BYTES]


def test_another_id_is_another_token_from_the_beginning() -> None:
    assert token(MAIL.replace(b"<1@nas>", b"<2@nas>"))[:ID_BYTES] != token(MAIL)[:ID_BYTES]


@pytest.mark.parametrize(
    "value", [b"", b" ", b"\t\r\n ", b"<>", b" < > ", b"<@>", b"<.@.>", b'<"">', b"\r\n <>"]
)
def test_an_id_that_says_nothing_identifies_nothing(value: bytes) -> None:
    assert identity(MAIL.replace(b" <1@nas>", value)) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Date: today\r\nSubject: OK\r\n\r\nwell\r\n",
        b"Subject: OK\r\n\r\nMessage-ID: <1@nas>\r\n",
        b"X-Message-ID: <1@nas>\r\n\r\n",
        b"X" * 70_000 + b"\r\nMessage-ID: <1@nas>\r\n\r\n",
    ],
    ids=["empty", "no id", "in the body", "another field", "far behind"],
)
def test_a_message_without_an_id_in_its_header_has_no_identity(raw: bytes) -> None:
    assert identity(raw) is None


def test_an_id_in_any_script_or_notation_counts() -> None:
    for value in ("<é@nas>", "backup-7", "<7>", "\r\n <1@nas>"):
        assert identity(MAIL.replace(b"<1@nas>", value.encode())) is not None
