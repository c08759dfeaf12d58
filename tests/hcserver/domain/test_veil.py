from __future__ import annotations

import pytest

from hcserver.domain.veil import Veil, hide
from tests.hcserver.storage.contract.records import a_check, a_project


def test_what_would_let_one_ping_is_hidden() -> None:
    project, check = a_project(ping_key="key-of-project"), a_check()
    veil = Veil(check, project, hides=True)
    text = f"{check.id} {check.id.hex.upper()} key-of-project+slug@example.org"
    assert veil.text(text) == f"{'*' * 36} {'*' * 32} {'*' * 14}+slug@example.org"
    assert veil.raw(text.encode()) == veil.text(text).encode()


def test_what_is_no_secret_stays_byte_for_byte() -> None:
    body = bytes(range(256)) + "…".encode()
    assert Veil(a_check(), a_project(), hides=True).raw(body) == body


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("to KEY-of-Project+slug", "to **************+slug"),  # mail servers write addresses in either case
        ("curl /ping/key-of-proj", "curl /ping/***********"),
        ("curl /ping/key-of-proj…", "curl /ping/***********…"),
        ("a key-of", "a ******"),
        ("a key-o", "a key-o"),
        ("key-of-proj was cut", "key-of-proj was cut"),
        ("of-project was cut", "********** was cut"),
        ("…\nOF-PROJECT was cut", "…\n********** was cut"),
        ("ject was cut", "ject was cut"),
        ("of-project", "**********"),
        ("", ""),
    ],
)
def test_secrets_are_hidden_in_any_case_and_where_they_are_cut(text: str, shown: str) -> None:
    assert hide(text, ["key-of-project"]) == shown


def test_editors_see_everything() -> None:
    project, check = a_project(), a_check()
    assert (
        Veil(check, project, hides=False).text(f"{check.id}{project.ping_key}")
        == f"{check.id}{project.ping_key}"
    )
