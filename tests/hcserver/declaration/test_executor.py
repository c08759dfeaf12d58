from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hcserver.declaration.executor import AT_ONCE, NEW_AT_ONCE, Executor
from hcserver.declaration.plan import Plan
from hcserver.declaration.planner import plan
from hcserver.declaration.read_file import read_file
from hcserver.declaration.reading import configured_limits, read_present
from hcserver.domain.project import Project
from hcserver.errors import HcError, InvalidRequest, Unavailable
from hcserver.services.container import Services
from hcserver.services.management.projects import Keys
from hcserver.validation.check import parse_spec
from tests.hcserver.declaration.samples import KEY, steps

FILE = """
[[projects]]
name = "Lab"
ping_key = "abcdefghijklmnopqrstuv"
pings_limit = 7
channels = [
    { name = "all", kind = "group", channels = ["ops"] },
    { name = "ops", kind = "email", target = "ops@example.org" },
]
checks = [{ slug = "b", channels = ["all"] }, { slug = "a", channels = [] }]
windows = [{ name = "w", check = "b", schedule = "daily", minutes = 9 }]

[[projects]]
name = "Other"
"""


async def planned(services: Services, toml: str, *, prune: bool = False) -> tuple[Plan, Mapping[Any, Any]]:
    projects = await services.projects.all()
    present = await read_present(services, projects)
    wanted = read_file(toml.encode(), {})
    limits = configured_limits(services)
    return plan(wanted, projects, present, limits, services.clock(), prune=prune), present


async def apply(services: Services, toml: str, *, prune: bool = False) -> list[tuple[Project, Keys]]:
    """The projects that were made, with their keys."""
    made: list[tuple[Project, Keys]] = []
    executor = Executor(services, *await planned(services, toml, prune=prune))
    await executor.make_projects(lambda project, keys: made.append((project, keys)))
    await executor.make_contents(lambda done, all: None)
    return made


async def test_all_that_is_declared_is_made_and_then_nothing_is_left_to_do(services: Services) -> None:
    made = await apply(services, FILE)
    assert [project.name for project, _ in made] == ["Lab", "Other"]
    lab, keys = made[0]
    assert keys.ping_key == KEY
    assert (await services.lookup.by_ping_key(KEY)).pings_limit == 7
    assert (await services.lookup.authenticate(keys.api_key, "write"))[0].id == lab.id
    present = (await read_present(services, [await services.projects.find("Lab")]))[lab.id]
    group = present.channels["all"]
    assert present.members(group) == (present.channels["ops"].id,)
    assert [check.slug for check in present.all_checks] == ["b", "a"]
    assert [check.channels for check in present.all_checks] == [(group.id,), ()]
    assert present.windows["w"].check == present.checks["b"].id
    again, _ = await planned(services, FILE)
    assert again.count() == 0


async def test_a_project_that_is_there_keeps_its_keys(services: Services) -> None:
    lab, keys = await services.projects.create("Lab")
    made = await apply(services, FILE)
    assert [project.name for project, _ in made] == ["Other"]
    assert (await services.lookup.authenticate(keys.api_key, "write"))[0].id == lab.id
    assert (await services.lookup.by_ping_key(KEY)).id == lab.id


async def test_progress_is_told(services: Services) -> None:
    executor = Executor(services, *await planned(services, FILE))
    told: list[tuple[int, int]] = []
    await executor.make_projects(lambda project, keys: None)
    await executor.make_contents(lambda done, all: told.append((done, all)))
    assert told == [(3, 7), (4, 7), (6, 7), (7, 7)]


async def test_many_checks_are_made_in_the_order_of_the_file(services: Services) -> None:
    slugs = [f"c{n * 7919 % 1000}" for n in range(2 * NEW_AT_ONCE + 1)]
    checks = ", ".join(f'{{ slug = "{slug}" }}' for slug in slugs)
    await apply(services, f'[[projects]]\nname = "Lab"\nchecks = [{checks}]')
    project = await services.projects.find("Lab")
    assert [check.slug for check in await services.checks.of_project(project.id)] == slugs


async def test_of_checks_that_are_made_together_a_failure_names_the_first_and_the_last(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*arguments: Any) -> Any:
        raise Unavailable("the database is away")

    monkeypatch.setattr(services.check_editor, "create_all", fail)
    with pytest.raises(HcError) as raised:
        await apply(services, FILE)
    assert str(raised.value).splitlines() == [
        "Lab: can't create the 2 checks from b to a: the database is away",
        "4 of 7 changes are made: apply the file again for the rest",
    ]


async def test_a_failure_is_named_and_what_was_made_before_stays(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, create = 0, services.channels.create

    async def fail_at_the_second(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        if made == 2:
            raise InvalidRequest("json validation error: target does not fit")
        return await create(*arguments)

    monkeypatch.setattr(services.channels, "create", fail_at_the_second)
    with pytest.raises(HcError) as raised:
        await apply(services, FILE)
    assert str(raised.value).splitlines() == [
        "Lab: can't create the channel all: target does not fit",
        "3 of 7 changes are made: apply the file again for the rest",
    ]
    rest, _ = await planned(services, FILE)
    assert [steps(one.changes) for one in rest.projects] == [
        ["create channel all", "create check b", "create check a", "create window w"],
        [],
    ]
    assert await apply(services, FILE) == []
    assert (await planned(services, FILE))[0].count() == 0


async def test_of_several_checks_those_that_can_be_changed_are(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = ", ".join(f'{{ slug = "c{n}" }}' for n in range(AT_ONCE + 5))
    toml = f'[[projects]]\nname = "Lab"\nchecks = [{checks}]'
    await apply(services, toml)
    slower, update = toml.replace('" }', '", grace = 60 }'), services.check_editor.update

    async def fail_for_one(project: Project, id: Any, spec: Any) -> Any:
        check = await services.checks.by_id(id)
        if check.slug == "c3":
            raise InvalidRequest("it is odd")
        return await update(project, id, spec)

    monkeypatch.setattr(services.check_editor, "update", fail_for_one)
    with pytest.raises(HcError) as raised:
        await apply(services, slower)
    assert str(raised.value).splitlines() == [
        "Lab: can't change the check c3: it is odd",
        f"{AT_ONCE - 1} of {AT_ONCE + 5} changes are made: apply the file again for the rest",
    ]


async def test_checks_depend_on_each_other_whatever_their_order_in_the_file(services: Services) -> None:
    head = '[[projects]]\nname = "Lab"\n'
    checks = '{ slug = "job", depends_on = ["nas", "router"] }, { slug = "nas" }, { slug = "router" }'
    await apply(services, f"{head}checks = [{checks}]")
    lab = await services.projects.find("Lab")
    made = {one.slug: one for one in await services.checks.of_project(lab.id)}
    assert made["job"].depends_on == (made["nas"].id, made["router"].id)
    unnamed, _ = await services.check_editor.create(lab, parse_spec({"name": "no slug"}, 3))
    both: dict[str, object] = {"depends_on": [str(unnamed.id), "nas"]}
    await services.check_editor.update(lab, made["job"].id, parse_spec(both, 3))
    # The other way round: on the way there is no cycle. What no file can name stays.
    turned = head + (
        'checks = [{ slug = "nas", depends_on = ["job"] }, { slug = "router", depends_on = ["nas", "job"] }, '
        '{ slug = "job" }]'
    )
    await apply(services, turned)
    now = {one.slug: one for one in await services.checks.of_project(lab.id)}
    assert (now["nas"].depends_on, now["job"].depends_on) == ((made["job"].id,), (unnamed.id,))
    assert now["router"].depends_on == (made["nas"].id, made["job"].id)
    assert (await planned(services, turned))[0].count() == 0
