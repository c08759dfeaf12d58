from __future__ import annotations

from datetime import timedelta

import pytest

from hcserver.declaration.plan import Change
from hcserver.declaration.project_changes import ProjectChanges
from hcserver.declaration.reading import read_present
from hcserver.domain.project import Project
from hcserver.errors import Conflict
from hcserver.services.container import Services
from hcserver.validation.check import parse_spec
from tests.hcserver.declaration.test_executor import apply

FILE = """
[[projects]]
name = "Lab"
channels = [
    { name = "ops", kind = "email", target = "ops@example.org" },
    { name = "hook", kind = "webhook", target = "https://example.org/a", events = ["down"] },
    { name = "all", kind = "group", channels = ["ops"] },
]
checks = [{ slug = "a", schedule = "daily", channels = ["ops"] }, { slug = "b", channels = ["all"] }]
windows = [
    { name = "w", check = "a", schedule = "daily", minutes = 9 },
    { name = "v", start = 2100-01-01T00:00:00Z, end = 2100-01-02T00:00:00Z },
]
"""
CHANGED = """
[[projects]]
name = "Lab"
channels = [
    { name = "hook", kind = "webhook", target = "https://example.org/b", events = ["up"], disabled = true },
    { name = "all", kind = "group", channels = ["hook"] },
]
checks = [{ slug = "a", timeout = 60, channels = ["all"], desc = "d" }]
windows = [{ name = "v", check = "a", schedule = "Sun 03:00", tz = "Europe/Riga", minutes = 60 }]
"""


async def test_everything_can_be_changed_and_deleted(services: Services) -> None:
    await apply(services, FILE)
    await apply(services, CHANGED, prune=True)
    project = await services.projects.find("Lab")
    present = (await read_present(services, [project]))[project.id]
    assert (list(present.channels), list(present.checks), list(present.windows)) == (
        ["hook", "all"],
        ["a"],
        ["v"],
    )
    hook, group = present.channels.values()
    assert (hook.target, hook.events, hook.error) == (
        "https://example.org/b",
        ("up",),
        "disabled by its owner",
    )
    assert present.members(group) == (hook.id,)
    check = present.checks["a"]
    assert (check.kind, check.timeout, check.desc, check.channels) == ("simple", 60, "d", (group.id,))
    window = present.windows["v"]
    assert (window.check, window.tag, window.start) == (check.id, "", None)
    assert (window.schedule, window.tz, window.minutes) == ("Sun 03:00", "Europe/Riga", 60)


async def test_what_others_have_changed_since_the_plan_stays(services: Services) -> None:
    await apply(services, FILE)
    project = await services.projects.find("Lab")
    present = (await read_present(services, [project]))[project.id]
    check = present.checks["a"]
    await services.check_editor.update(project, check.id, parse_spec({"tags": "new"}, 3))
    change = Change(action="change", what="check", name="a", id=check.id, data={"grace": 60})
    await ProjectChanges(services, project, present).make(change)
    after = await services.checks.get(project, check.id)
    assert (after.grace, after.tags) == (60, "new")


async def test_a_check_that_somebody_else_has_made_meanwhile_is_not_made_twice(services: Services) -> None:
    project: Project = (await services.projects.create("Lab"))[0]
    work = ProjectChanges(services, project, None)
    await services.check_editor.create(project, parse_spec({"slug": "a", "tags": "x"}, 3))
    new = [
        Change(action="create", what="check", name=slug, data={"slug": slug}, channels=()) for slug in "ba"
    ]
    with pytest.raises(Conflict, match="there is a check a by now"):
        await work.create_checks(new)
    assert [check.tags for check in await services.checks.of_project(project.id)] == ["x"]


async def test_a_window_is_for_a_check_that_was_just_made(services: Services) -> None:
    project: Project = (await services.projects.create("Lab"))[0]
    work = ProjectChanges(services, project, None)
    await work.make(Change(action="create", what="check", name="a", data={"slug": "a"}, channels=()))
    (check,) = await services.checks.of_project(project.id)
    end = services.clock() + timedelta(hours=1)
    data = {"name": "w", "tag": "", "start": services.clock(), "end": end}
    await work.make(Change(action="create", what="window", name="w", data=data, check="a"))
    assert (await services.windows.of_project(project))[0].check == check.id
