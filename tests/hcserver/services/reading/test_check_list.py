from __future__ import annotations

import pytest

from hcserver.domain.check_filter import CheckFilter, parse_filter
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.reading import check_list
from hcserver.services.reading.check_list import CheckList, Order, list_checks
from hcserver.services.reading.index_loader import IndexLoader
from tests.hcserver.services.conftest import FakeClock, create, ping

EVERYTHING = CheckFilter()


def names(listed: CheckList) -> list[str]:
    return [one.check.name for one in listed.found]


@pytest.fixture
async def filled(services: Services, project: Project, clock: FakeClock) -> Services:
    """Five checks: down, late, up and expected soon, up and expected later, new."""
    made = {
        name: await create(services, project, name=name, timeout=timeout, grace=600, tags=f"t {name}")
        for name, timeout in (("e", 3600), ("d", 60), ("c", 3600), ("b", 7200), ("a", 3600))
    }
    for name in "edcb":
        clock.advance(1)
        await ping(services, made[name].id, "fail" if name == "e" else "success")
    clock.advance(120)
    return services


@pytest.mark.parametrize(
    ("order", "expected"), [("state", "edbca"), ("name", "abcde"), ("last", "bcdea"), ("next", "dcbae")]
)
async def test_checks_are_in_the_order_that_is_asked_for(
    filled: Services, project: Project, order: Order, expected: str
) -> None:
    assert "".join(names(await list_checks(filled.project_reader, project.id, EVERYTHING, order))) == expected


async def test_the_counts_are_those_of_all_checks(filled: Services, project: Project) -> None:
    listed = await list_checks(filled.project_reader, project.id, parse_filter("tag:b"))
    assert (names(listed), listed.size) == (["b"], 1)
    assert listed.counts == {"down": 1, "grace": 1, "up": 2, "new": 1}


async def test_a_limit_gives_the_first_ones_and_the_size_of_all(filled: Services, project: Project) -> None:
    listed = await list_checks(filled.project_reader, project.id, EVERYTHING, "name", limit=2)
    assert (names(listed), listed.size) == (["a", "b"], 5)


async def test_the_order_holds_over_all_turns(
    filled: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_list, "_PER_TURN", 2)
    assert "".join(names(await list_checks(filled.project_reader, project.id, EVERYTHING))) == "edbca"


async def test_a_project_that_is_too_large_for_an_index_has_the_same_list(
    filled: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await list_checks(filled.project_reader, project.id, EVERYTHING)

    async def no_index(self: IndexLoader, project: object) -> None:
        return None

    monkeypatch.setattr(IndexLoader, "index", no_index)
    assert await list_checks(filled.project_reader, project.id, EVERYTHING) == expected
