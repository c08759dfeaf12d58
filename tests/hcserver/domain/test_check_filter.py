from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.check_filter import MAX_FILTER, parse_filter, searched_text

ID = UUID("0c0f5a1e-0000-4000-8000-000000000001")
CHECK = Check(
    id=ID, project=ID, badge=ID, created=datetime(2026, 1, 1, tzinfo=UTC), name="Straße backup",
    slug="nightly", tags="db prod", desc="calls Bob",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "state", "matches"),
    [
        ("", "up", True),
        ("tag:db", "up", True),
        ("tag:db tag:prod", "up", True),
        ("tag:d", "up", False),
        ("is:up", "up", True),
        ("is:down", "running", False),
        ("is:running", "up", False),
        ("is:new", "running", True),
        ("is:down,late", "late", True),
        ("IS:up", "up", False),
        ("STRASSE", "up", True),
        ("back bob", "up", True),
        ("back alice", "up", False),
        ("nightly", "up", True),
        ("0c0f5a1e-0000-4000-8000-000000000001 back", "up", True),
        ("0C0F5A1E-0000-4000-8000-000000000001", "up", True),
        ("0c0f5a1e-0000-4000-8000-00000000000", "up", False),
        ("0c0f5a1e", "up", False),
        ("tag:", "up", False),
        ("tag:db is:down backup", "up", False),
    ],
)
def test_all_parts_of_a_filter_must_match(text: str, state: str, matches: bool) -> None:
    assert parse_filter(text).matches(CHECK, state) is matches


def test_a_long_filter_is_cut() -> None:
    assert len(parse_filter("x" * 1000).words[0]) == MAX_FILTER


def test_a_check_that_is_up_and_running_is_found_as_both() -> None:
    running = replace(CHECK, status="up")
    assert [
        parse_filter(f"is:{state}").matches(running, "running") for state in ("up", "running", "new")
    ] == [*(True, True, False)]


def test_the_searched_text_has_as_much_of_the_notes_as_is_asked_for() -> None:
    assert searched_text(CHECK) == "strasse backup\nnightly\ndb prod\ncalls bob"
    assert searched_text(CHECK, 5) == "strasse backup\nnightly\ndb prod\ncalls"
