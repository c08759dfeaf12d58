from __future__ import annotations

import pytest

from hcserver.declaration.planner import Allowed, plan
from hcserver.declaration.reading import (
    configured_limits,
    find_projects,
    read_present,
    require_usable_targets,
)
from hcserver.errors import InvalidRequest, NotFound
from hcserver.services.container import Services
from hcserver.validation.channel import parse_channel
from hcserver.validation.check import parse_spec
from tests.hcserver.declaration.samples import lab


async def test_all_that_a_project_has_is_read(services: Services) -> None:
    project, _ = await services.projects.create("Lab")
    other, _ = await services.projects.create("Other")
    email = {"kind": "email", "target": "ops@example.org", "name": "ops"}
    await services.channels.create(project, parse_channel(email))
    for slug in ("b", "a"):
        await services.check_editor.create(project, parse_spec({"slug": slug}, 3))
    await services.windows.create(project, {"name": "w", "schedule": "daily", "minutes": 9})
    present = await read_present(services, [project, other])
    one = present[project.id]
    assert (list(one.channels), list(one.checks), list(one.windows)) == (["ops"], ["b", "a"], ["w"])
    assert present[other.id].all_checks == ()


async def test_the_configured_limits_hold_for_projects_without_their_own(services: Services) -> None:
    limits = services.settings.limits
    assert configured_limits(services) == Allowed(
        checks=limits.checks_per_project, pings=limits.pings_per_check
    )


async def test_projects_are_found_by_name_or_id_each_once(services: Services) -> None:
    a, _ = await services.projects.create("a")
    b, _ = await services.projects.create("b")
    assert await find_projects(services, []) == [a, b]
    assert await find_projects(services, ["b", str(b.id)]) == [b]
    with pytest.raises(NotFound, match="there is no project 'c'"):
        await find_projects(services, ["a", "c"])


async def test_every_new_target_that_can_not_be_used_here_is_reported(services: Services) -> None:
    project, _ = await services.projects.create("Lab")
    email = {"kind": "email", "target": "ops@example.org", "name": "hook"}
    await services.channels.create(project, parse_channel(email))
    wanted = lab(
        channels=[
            {"name": "ops", "kind": "email", "target": "ops@example.org"},
            {"name": "near", "kind": "webhook", "target": "http://127.0.0.1/s3cret"},
            {"name": "run", "kind": "shell", "target": "pager"},
        ]
    )
    present = await read_present(services, [project])
    made = plan([wanted], [project], present, configured_limits(services), services.clock(), prune=False)
    with pytest.raises(InvalidRequest) as raised:
        require_usable_targets(services, made, present)
    near, run = str(raised.value).splitlines()
    assert near.startswith("projects[0].channels[1].target: can't be reached: ")
    assert run == (
        "projects[0].channels[2].target: does not fit: there is no command 'pager' in the server's settings, "
        "which define: none (run)"
    )
    assert "s3cret" not in near
