from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from hcserver.domain.check import Check
from hcserver.services.reading.indexed_check import IndexedCheck, behind, key_of
from tests.hcserver.services.conftest import START


def test_checks_are_ordered_by_creation_and_then_by_badge() -> None:
    first, second = sorted(uuid4() for _ in range(2))
    project, later = uuid4(), START + timedelta(seconds=1)
    keys = [
        key_of(Check(id=uuid4(), project=project, created=created, badge=badge))
        for badge, created in ((first, later), (second, START), (first, START))
    ]
    assert [key[:2] for key in sorted(keys)] == [(START, first), (START, second), (later, first)]
    assert sorted(keys)[0] < behind(START, first) < sorted(keys)[1]


def test_the_status_is_the_one_shown_when_somebody_looks() -> None:
    down_at = START + timedelta(seconds=10)
    check = Check(
        id=uuid4(), project=uuid4(), created=START, badge=uuid4(), tags="a b a", alert_after=down_at
    )
    entry = IndexedCheck(check, START)
    assert (entry.status, entry.until, entry.tags) == ("new", down_at, ["a", "b"])
    entry.look(down_at)
    assert (entry.status, entry.until) == ("down", None)
