from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from hcserver.config.schema import LimitSettings
from hcserver.domain.project import Project
from hcserver.services.limits import SHOWN_PINGS, checks_allowed, pings_kept

SETTINGS = LimitSettings(checks_per_project=20, pings_per_check=100)


def project(checks: int | None = None, pings: int | None = None) -> Project:
    return Project(
        id=uuid4(),
        name="main",
        created=datetime(2026, 3, 1, tzinfo=UTC),
        ping_key="p",
        badge_key="b",
        checks_limit=checks,
        pings_limit=pings,
    )


def test_a_project_without_limits_of_its_own_has_those_of_the_configuration() -> None:
    assert (checks_allowed(project(), SETTINGS), pings_kept(project(), SETTINGS)) == (20, 100)


def test_a_projects_own_limits_come_first() -> None:
    own = project(checks=5, pings=200)
    assert (checks_allowed(own, SETTINGS), pings_kept(own, SETTINGS)) == (5, 200)


def test_no_more_pings_are_kept_than_the_api_shows() -> None:
    assert pings_kept(project(pings=10 * SHOWN_PINGS), SETTINGS) == SHOWN_PINGS
