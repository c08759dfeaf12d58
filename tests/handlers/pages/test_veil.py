from __future__ import annotations

from handlers.pages.veil import Veil
from tests.hcserver.storage.contract.records import a_check, a_project


def test_what_would_let_one_ping_is_hidden() -> None:
    project, check = a_project(ping_key="key-of-project"), a_check()
    veil = Veil(check, project, hides=True)
    text = f"{check.id} {check.id.hex.upper()} key-of-project+slug@example.org"
    assert veil.text(text) == f"{'*' * 36} {'*' * 32} {'*' * 14}+slug@example.org"
    assert veil.raw(text.encode()) == veil.text(text).encode()


def test_editors_see_everything() -> None:
    project, check = a_project(), a_check()
    assert (
        Veil(check, project, hides=False).text(f"{check.id}{project.ping_key}")
        == f"{check.id}{project.ping_key}"
    )
