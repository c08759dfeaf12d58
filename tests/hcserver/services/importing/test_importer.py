from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.domain.project import Project
from hcserver.errors import HcError, Unavailable
from hcserver.services.container import Services
from hcserver.services.importing.history import (
    History,
    Limits,
    SourceFlip,
    SourcePing,
    flips_of,
    pings_of,
)
from hcserver.services.importing.importer import Importer, Result
from hcserver.services.importing.source import Source, SourceCheck
from tests.hcserver.services.conftest import START, FakeClock, MakeServices, create, ping
from tests.hcserver.services.delivery.delivery_setup import add_channel

_OWN = ("badge", "paused", "channels", "history", "depends_on")


def check(id: UUID | None = None, **members: Any) -> SourceCheck:
    own = {name: members.pop(name) for name in _OWN if name in members}
    return SourceCheck(id=id or uuid4(), address="", fields=members, **own)


def importer(services: Services, project: Project) -> Importer:
    return Importer(
        services.storage,
        services.checks,
        services.check_editor,
        project,
        services.settings.limits,
        services.clock,
    )


async def run(
    services: Services,
    project: Project,
    *checks: SourceCheck,
    new_ids: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Result]:
    one = importer(services, project)
    return await one.carry_out(await one.plan(Source(checks=checks), new_ids=new_ids), progress)


def actions(results: list[Result]) -> list[str]:
    return [result.fault or result.step.action for result in results]


async def of(services: Services, project: Project) -> list[Check]:
    return await services.checks.of_project(project.id)


async def test_checks_are_created_in_their_order_with_their_ids_and_badges(
    services: Services, project: Project
) -> None:
    badge = uuid4()
    source = [check(name="b", badge=badge), check(name="a", paused=True), check(name="c")]
    results = await run(services, project, *source)
    made = await of(services, project)
    assert [one.id for one in made] == [one.id for one in source] == [result.check for result in results]
    assert [(one.name, one.status) for one in made] == [("b", "new"), ("a", "paused"), ("c", "new")]
    assert made[0].badge == badge
    assert await services.checks.by_badge(badge) == made[0]


async def test_an_import_that_is_repeated_changes_nothing(services: Services, project: Project) -> None:
    source = [check(name="a", paused=True), check(name="b", schedule="5 4 * * *", tz="Europe/Riga")]
    assert actions(await run(services, project, *source)) == ["create", "create"]
    before = await services.storage.checks.load([one.id for one in await of(services, project)])
    assert actions(await run(services, project, *source)) == ["unchanged", "unchanged"]
    assert await services.storage.checks.load(before) == before


async def test_what_has_changed_at_the_source_changes_here(services: Services, project: Project) -> None:
    ops = await add_channel(services, project, "x", name="Ops")
    source = check(name="a", tags="x", paused=True)
    await run(services, project, source)
    changed = check(source.id, name="b", timeout=600, channels=("Ops",))
    assert actions(await run(services, project, changed)) == ["change"]
    (made,) = await of(services, project)
    assert (made.name, made.timeout, made.tags, made.status) == ("b", 600, "x", "new")
    assert made.channels == (ops.id,)


async def test_another_server_shows_what_an_import_has_changed(make_services: MakeServices) -> None:
    one, other = await make_services(), await make_services()
    project, _ = await one.projects.create("main")
    source = check(name="a")
    await run(one, project, source)
    assert source.id is not None
    assert (await other.checks.by_id(source.id)).name == "a"
    await run(one, project, check(source.id, name="b"))
    await other.runtime.news_listener.listen()
    assert (await other.checks.by_id(source.id)).name == "b"


async def test_with_new_ids_copies_have_ids_and_badges_of_their_own(
    services: Services, project: Project
) -> None:
    other, _ = await services.projects.create("other")
    original = await create(services, other, name="a", slug="a")
    source = check(original.id, name="a", slug="a", badge=original.badge)
    for action in ("create", "unchanged"):
        assert actions(await run(services, project, source, new_ids=True)) == [action]
    (made,) = await of(services, project)
    assert {made.id, made.badge}.isdisjoint({original.id, original.badge})
    assert await services.checks.by_badge(original.badge) == original


async def test_a_badge_that_another_check_has_is_not_taken(services: Services, project: Project) -> None:
    other = await create(services, project)
    (result,) = await run(services, project, check(badge=other.badge))
    assert result.check is not None
    assert (await services.checks.by_id(result.check)).badge != other.badge
    assert (await services.checks.by_badge(other.badge)).id == other.id


async def test_a_check_of_another_project_stays_there_and_the_others_are_imported(
    services: Services, project: Project
) -> None:
    other, _ = await services.projects.create("other")
    taken = await create(services, other, name="theirs")
    results = await run(services, project, check(taken.id, name="mine"), check(name="b"))
    assert [result.step.action for result in results] == ["refuse", "create"]
    assert results[0].check is None
    assert await services.checks.by_id(taken.id) == taken
    assert [one.name for one in await of(services, project)] == ["b"]


async def test_the_id_of_a_deleted_check_is_refused_until_no_server_remembers_it(
    services: Services, project: Project, clock: FakeClock
) -> None:
    source = check(name="a")
    await run(services, project, source)
    assert source.id is not None
    await services.check_deletion.delete(project, source.id)
    (result,) = await run(services, project, source)
    assert "was deleted here minutes ago" in result.fault
    clock.advance(601)
    await services.check_deletion.sweep()
    assert actions(await run(services, project, source)) == ["create"]
    await services.check_deletion.sweep()
    assert [one.id for one in await of(services, project)] == [source.id]


async def test_nothing_is_begun_where_the_project_may_not_have_so_many_checks(
    services: Services, project: Project
) -> None:
    await create(services, project)
    await services.projects.limit(project, 2, None)
    project = await services.projects.find("main")
    with pytest.raises(HcError, match=r"would have 3 checks, and it may have 2: .* --checks 3`"):
        await run(services, project, check(), check())
    assert len(await of(services, project)) == 1
    assert actions(await run(services, project, check())) == ["create"]


async def test_a_check_that_can_not_be_changed_any_more_is_refused(
    services: Services, project: Project
) -> None:
    source, other = check(name="a"), check(name="b")
    await run(services, project, source)
    assert source.id is not None
    one = importer(services, project)
    plan = await one.plan(Source(checks=(check(source.id, name="c"), other)), new_ids=False)
    await services.check_deletion.delete(project, source.id)
    results = await one.carry_out(plan, lambda done, total: None)
    assert actions(results) == ["not found", "create"]
    assert results[0].check is None


async def test_an_import_that_is_cut_short_says_how_far_it_came_and_goes_on_when_repeated(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = [check(name=str(n)) for n in range(3)]
    create_as = services.check_editor.create_as

    async def fail_with_the_second(project: Project, *arguments: Any) -> Check:
        if await of(services, project):
            raise Unavailable("the database is not available, try again")
        return await create_as(project, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(services.check_editor, "create_as", fail_with_the_second)
        with pytest.raises(HcError, match=r"1 of 3 checks are done, then: .* goes on where"):
            await run(services, project, *source)
    assert actions(await run(services, project, *source)) == ["unchanged", "create", "create"]


async def test_an_attempt_of_which_only_the_aliases_were_stored_is_no_obstacle(
    services: Services, project: Project
) -> None:
    source = check(name="a", badge=uuid4())
    assert source.id is not None
    await run(services, project, source)
    aliases = await services.storage.checks._aliases.find().to_list(None)
    await services.check_deletion.delete(project, source.id)
    await services.storage.checks._aliases.insert_many(aliases)
    await services.storage.tombstones.drop(source.id)
    assert actions(await run(services, project, source)) == ["create"]
    assert (await services.storage.checks.load([source.id]))[source.id].check.badge == source.badge


async def test_the_progress_is_reported(services: Services, project: Project) -> None:
    seen: list[tuple[int, int]] = []
    await run(services, project, check(), check(timeout=1), progress=lambda *counts: seen.append(counts))
    assert seen == [(1, 2), (2, 2)]


async def test_what_has_been_pinged_here_is_not_paused_by_the_source(
    services: Services, project: Project
) -> None:
    source = check(name="a", paused=True)
    await run(services, project, source)
    assert source.id is not None
    await ping(services, source.id)
    assert actions(await run(services, project, source)) == ["unchanged"]
    assert (await services.checks.by_id(source.id)).status == "up"


HISTORY = History(
    created=START - timedelta(days=9),
    status="up",
    n_pings=5,
    last_ping=START - timedelta(hours=1),
    pings=tuple(SourcePing(at=START - timedelta(hours=4 - n), type="success", body=b"out") for n in range(4)),
    flips=(SourceFlip(START - timedelta(hours=5), "new", "up"),),
)


async def test_a_history_is_imported_with_its_check_and_only_once(
    services: Services, project: Project
) -> None:
    source = check(name="a", history=HISTORY)
    assert source.id is not None
    assert actions(await run(services, project, source)) == ["create"]
    made = await services.checks.by_id(source.id)
    assert (made.created, made.status, made.n_pings) == (HISTORY.created, "up", 5)
    assert [one.n for one in await services.checks.pings(made, 100)] == [5, 4, 3, 2]
    assert (await services.checks.ping(made, 2)).body == b"out"
    assert [flip.new for flip in await services.checks.flips(made, None, None)] == ["up"]
    await ping(services, source.id)
    assert actions(await run(services, project, source)) == ["unchanged"]
    assert (await services.checks.by_id(source.id)).n_pings == 6


async def test_a_history_may_have_been_stored_in_part_before(services: Services, project: Project) -> None:
    source = check(name="a", history=HISTORY)
    assert source.id is not None
    limits = Limits(pings=100, http_body=100, email_body=100, http_part="start")
    await services.storage.pings.append(pings_of(HISTORY, source.id, limits)[:2])
    await services.storage.flips.publish(flips_of(HISTORY, source.id))
    assert actions(await run(services, project, source)) == ["create"]
    made = await services.checks.by_id(source.id)
    assert [one.n for one in await services.checks.pings(made, 100)] == [5, 4, 3, 2]


async def test_of_a_history_as_many_pings_are_kept_as_of_others(services: Services, project: Project) -> None:
    await services.projects.limit(project, None, 2)
    project = await services.projects.find("main")
    (result,) = await run(services, project, check(history=HISTORY), new_ids=True)
    assert result.check is not None
    made = await services.checks.by_id(result.check)
    assert (made.log_from, made.n_pings) == (4, 5)
    assert [one.n for one in await services.storage.pings.read(made.id, range(1, 10))] == [4, 5]


async def test_a_paused_check_with_a_history_gets_no_further_flip(
    services: Services, project: Project
) -> None:
    source = check(paused=True, history=replace(HISTORY, status="paused"))
    assert source.id is not None
    await run(services, project, source)
    made = await services.checks.by_id(source.id)
    assert (made.status, made.n_flips) == ("paused", 1)


async def test_checks_depend_on_the_copies_of_those_on_which_the_source_lets_them_depend(
    services: Services, project: Project
) -> None:
    nas = check(name="nas", slug="nas")
    source = [check(name="job", slug="job", depends_on=(nas.id, uuid4())), nas]
    other, _ = await services.projects.create("other")
    for target, new_ids in ((project, False), (other, True)):
        for action in ("create", "unchanged"):
            assert actions(await run(services, target, *source, new_ids=new_ids)) == [action, action]
            job, copy = await of(services, target)
            assert job.depends_on == (copy.id,)
    circle = [uuid4(), uuid4()]
    both = [check(circle[0], depends_on=(circle[1],)), check(circle[1], depends_on=(circle[0],))]
    done, refused = await run(services, project, *both)
    assert (done.fault, "makes a cycle" in refused.fault, refused.check) == ("", True, None)
