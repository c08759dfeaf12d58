from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from handlers.pages.snippets import cron_expression, snippets
from hcserver.domain.check import Check
from hcserver.domain.schedule import schedule_kind

URL = "https://hc.example.org/ping/x"


def check(**fields: object) -> Check:
    some = UUID(int=1)
    base = {"id": some, "project": some, "badge": some, "created": datetime(2026, 1, 1, tzinfo=UTC)}
    return Check(**{**base, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "expression"),
    [
        ({"kind": "cron", "schedule": "15 3 * * *"}, "15 3 * * *"),
        ({"timeout": 60}, "* * * * *"),
        ({"timeout": 300}, "*/5 * * * *"),
        ({"timeout": 3600}, "0 * * * *"),
        ({"timeout": 21600}, "0 */6 * * *"),
        ({"timeout": 604800}, "0 3 * * 1"),
        ({"timeout": 4242}, "0 3 * * *"),
        ({"kind": "oncalendar", "schedule": "Mon 04:00"}, "0 3 * * *"),
    ],
)
def test_the_schedule_of_a_snippet_is_the_check_s_own(fields: dict[str, object], expression: str) -> None:
    assert cron_expression(check(**fields)) == expression
    assert schedule_kind(expression) == "cron"


def test_every_snippet_reports_to_the_check() -> None:
    made = snippets(check(kind="cron", schedule="1 2 * * *", tz="Europe/Riga"), URL)
    assert {one.name for one in made} == {
        *(
            "crontab",
            "hcserver run",
            "Shell",
            "PowerShell",
            "Python",
            "systemd",
            "Kubernetes",
            "GitHub Actions",
            "Docker",
        )
    }
    assert all(URL in one.text for one in made)
    [python] = [one.text for one in made if one.name == "Python"]
    compile(python, "snippet", "exec")
