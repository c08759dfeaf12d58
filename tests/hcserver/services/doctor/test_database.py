from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from hcserver.domain.clock import utc_now
from hcserver.services.doctor.database import examine_database
from hcserver.services.doctor.finding import Finding
from hcserver.storage.inspection import Inspection
from hcserver.storage.schema import SCHEMA_VERSION, prepare


@pytest.fixture
def database(real_database: Any) -> Any:
    """The mock knows no commands of administrators."""
    return real_database


async def examined(database: Any, *, ahead: float = 0, fix: bool = False) -> list[Finding]:
    """`ahead`: seconds that the server's clock is ahead of ours."""

    def clock() -> datetime:
        return utc_now() - timedelta(seconds=ahead)

    return [one async for one in examine_database(database, Inspection(database), clock, fix)]


async def problems(database: Any, **options: Any) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in await examined(database, **options) if one.level != "ok"]


async def test_a_prepared_database_has_no_problems(database: Any) -> None:
    await prepare(database)
    assert await problems(database) == []


async def test_an_empty_database_has_no_problems(database: Any) -> None:
    assert await problems(database, fix=True) == []
    assert await Inspection(database).schema_version() is None


@pytest.mark.parametrize(
    ("ahead", "level", "text"),
    [(5, "warning", "s ahead of this machine's"), (-5, "warning", "s behind"), (-60, "error", "s behind")],
)
async def test_a_clock_that_differs_is_reported(database: Any, ahead: float, level: str, text: str) -> None:
    await prepare(database)
    ((found, sentence),) = await problems(database, ahead=ahead)
    assert found == level
    assert text in sentence


async def test_missing_indexes_are_reported_and_created(database: Any) -> None:
    await prepare(database)
    await database["checks"].drop_index("due_1")
    missing = [("error", "the index of checks on (due 1) is missing")]
    assert await problems(database) == missing
    assert await problems(database) == missing  # nothing was changed
    findings = await examined(database, fix=True)
    assert [one.text for one in findings if one.fixed] == ["created the index of checks on (due 1)"]
    assert await problems(database) == []


async def test_an_index_of_another_kind_is_reported_and_left(database: Any) -> None:
    await prepare(database)
    await database["checks"].drop_index("due_1")
    await database["checks"].create_index([("due", 1)])
    await database["flips"].drop_index("at_-1")
    assert await problems(database, fix=True) == [
        ("error", "checks has another kind of index on (due 1): drop it, and restart"),
        ("error", "the index of flips on (at -1) is missing"),
    ]


@pytest.mark.parametrize(
    ("version", "level"), [(SCHEMA_VERSION - 1, "warning"), (SCHEMA_VERSION + 1, "error")]
)
async def test_another_schema_version_is_reported(database: Any, version: int, level: str) -> None:
    await prepare(database)
    await database["meta"].update_one({"_id": "schema"}, {"$set": {"version": version}})
    ((found, text),) = await problems(database)
    assert (found, text.startswith(f"it has schema version {version}")) == (level, True)


async def test_a_load_that_was_not_finished_is_an_error(database: Any) -> None:
    await prepare(database)
    await database["meta"].insert_one({"_id": "loading"})
    assert await problems(database) == [("error", "it has only a part of a dump: run `hcserver load` again")]
