from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from hcserver.domain.check import Check
from hcserver.domain.status_page import Wall, group_by_tag

NOW = datetime(2024, 3, 10, tzinfo=UTC)


def a_check(name: str, tags: str = "") -> tuple[Check, str]:
    return Check(id=uuid4(), project=uuid4(), created=NOW, badge=uuid4(), name=name, tags=tags), name


def names(checks: list[tuple[Check, str]], *tags: str) -> dict[str, list[str]]:
    return {tag: [name for _, name in group] for tag, group in group_by_tag(checks, tags).items()}


def test_without_tags_all_checks_are_one_group_by_name() -> None:
    assert names([a_check("b"), a_check("A", "x"), a_check("c")]) == {"": ["A", "b", "c"]}


def test_a_check_is_in_the_group_of_the_first_of_its_tags() -> None:
    checks = [a_check("one", "web db"), a_check("two", "db"), a_check("three", "other"), a_check("four")]
    assert names(checks, "db", "web") == {"db": ["one", "two"]}
    assert list(names(checks, "web", "none", "db")) == ["web", "db"]


def test_a_tag_is_a_whole_word() -> None:
    assert names([a_check("one", "database")], "data") == {}


def test_the_id_of_a_wall_is_not_its_token() -> None:
    wall = Wall(hash="ab" * 32, project=uuid4(), name="office", created=NOW)
    assert wall.id == "ab" * 8
