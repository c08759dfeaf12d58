from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtp.recipients import ById, BySlug, Refused, loggable, parse_recipient, split_path

UID = "7b3fb6d0-2f4c-4d0e-9d5a-0a1b2c3d4e5f"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"{UID}@hc.example.org", ById(UUID(UID))),
        (f"{UID.upper()}@HC.Example.ORG", ById(UUID(UID))),
        (f'"{UID}"@hc.example.org.', ById(UUID(UID))),
        ("Key_-1+Nightly-DB@hc.example.org", BySlug("key_-1", "nightly-db")),
        ("k+s@second.org", BySlug("k", "s")),
    ],
)
def test_an_address_names_a_check(address: str, expected: ById | BySlug) -> None:
    assert parse_recipient(address, ["hc.example.org", "second.org"]) == expected


@pytest.mark.parametrize(
    ("address", "reply"),
    [
        (f"{UID}@example.org", "550 5.1.1 Recipient rejected"),
        (UID, "550 5.1.1 Recipient rejected"),
        ("", "550 5.1.1 Recipient rejected"),
        (f"{UID.replace('-', '')}@hc.example.org", "550 5.1.1 Invalid mailbox"),
        (f"{UID}\n@hc.example.org", "550 5.1.1 Invalid mailbox"),
        ("root@hc.example.org", "550 5.1.1 Invalid mailbox"),
        ("k+@hc.example.org", "550 5.1.1 Invalid mailbox"),
        ("k+s+t@hc.example.org", "550 5.1.1 Invalid mailbox"),
        ("@hc.example.org", "550 5.1.1 Invalid mailbox"),
        (f"k+{'s' * 101}@hc.example.org", "550 5.1.1 Invalid mailbox"),
    ],
)
def test_an_address_that_names_no_check_is_refused(address: str, reply: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_recipient(address, ["hc.example.org"])
    assert refused.value.reply == reply


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("<a@b>", ("a@b", "")),
        (" <a@b>  SIZE=1  BODY=7BIT", ("a@b", "SIZE=1  BODY=7BIT")),
        ("< a@b >", ("a@b", "")),
        ("<>", ("<>", "")),
        ("a@b SIZE=1", ("a@b", "SIZE=1")),
        ("<@relay,@other:a@b>", ("a@b", "")),
        ('<"a > b"@c>', ('"a > b"@c', "")),
        ("<a@b", None),
        ("NAS <a@b>", None),
        ("a@b <c@d>", None),
        ("a@b>", None),
        ('<"a@b>', None),
        ("<<a@b>>", None),
    ],
)
def test_the_path_is_separated_from_the_parameters(argument: str, expected: tuple[str, str] | None) -> None:
    assert split_path(argument) == expected


@given(st.text(alphabet='<>"\\@+:,a \udcff\0', max_size=40))
def test_no_path_leads_to_anything_but_a_refusal(argument: str) -> None:
    path = split_path(argument)
    if path is not None:
        with pytest.raises(Refused):
            parse_recipient(path[0], ["hc.example.org"])


@pytest.mark.parametrize(
    ("address", "logged"),
    [
        ("secretkey+nightly@hc.example.org", "secr…+nightly@hc.example.org"),
        ("root@hc.example.org", "root@hc.example.org"),
        ("secretkey+nightly", "secr…+nightly"),
        ("0123456789abcdefghijkl@hc.example.org", "0123…@hc.example.org"),  # a key whose slug was forgotten
        (f"{UID}@other.example.org", "7b3f…@other.example.org"),
        (f'"{UID}"', '"7b3…'),
        ("x@" + "x" * 400, "x@" + "x" * 318),
    ],
)
def test_logs_show_no_ping_key_and_no_uuid(address: str, logged: str) -> None:
    assert loggable(address) == logged
