from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.doctor.finding import Finding
from hcserver.services.doctor.records import WRITTEN_BEHIND, Records, examine_records
from hcserver.storage.client import entry_id
from hcserver.storage.inspection import Inspection
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, idle, ping, report


async def examined(
    services: Services, *, fix: bool = False, served: bool = False, steps: list[str] | None = None
) -> list[Finding]:
    async def bring_in_step(checks: Any) -> None:
        await services.cache.refresh(checks)
        await services.state_writer.write(checks)

    def progress(step: str, done: int, total: int) -> None:
        if steps is not None:
            steps.append(step)

    records = Records(
        services.storage,
        Inspection(services.database),
        progress,
        services.clock,
        keeps_failures=services.settings.limits.failures_per_check > 0,
    )
    findings = examine_records(records, bring_in_step if fix else None, served=served)
    return [finding async for finding in findings]


async def problems(services: Services, **options: Any) -> list[tuple[str, str]]:
    return [(one.level, one.text) for one in await examined(services, **options) if one.level != "ok"]


async def written_check(services: Services, project: Project, *signals: Any) -> Check:
    """A check with these pings, all in its document."""
    check = await create(services, project)
    for signal in signals:
        await ping(services, check.id, signal)
    return await services.state_writer.settle(check.id)


def logged(check: UUID, n: int, at: Any) -> Ping:
    return Ping(check=check, n=n, at=at, type="success", scheme="http", remote_addr="192.0.2.1")


async def test_checks_with_pings_and_flips_have_no_problems(services: Services, project: Project) -> None:
    await written_check(services, project, "start", "success", "fail", "log")
    await written_check(services, project)
    steps: list[str] = []
    findings = await examined(services, steps=steps)
    assert [one.text for one in findings] == ["2 checks in step with their logs and flips"]
    assert steps == ["pings", "flips", "checks"]


async def test_a_gap_in_a_log_is_an_error(services: Services, project: Project) -> None:
    check = await written_check(services, project, "success", "success", "success")
    await services.storage.pings.delete(check.id, 2, 2)
    wrong = [("error", f"check {check.id}: 1 pings between numbers 1 and 3 are missing in its log")]
    assert await problems(services) == wrong
    assert await problems(services, fix=True) == wrong


async def test_a_ping_behind_a_gap_is_an_error(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await written_check(services, project, "success")
    await services.storage.pings.append([logged(check.id, 4, clock())])
    ((level, text),) = await problems(services)
    assert (level, text) == (
        "error",
        f"check {check.id}: 2 pings between numbers 1 and 4 are missing in its log",
    )


async def test_what_was_pruned_or_cleared_is_no_gap(services: Services, project: Project) -> None:
    pruned = await written_check(services, project, "success", "success", "success")
    await services.storage.pings.delete(pruned.id, 1, 2)
    cleared = await written_check(services, project, "success", "success")
    await services.log_clearing.clear(project, cleared.id)
    await services.storage.pings.delete(cleared.id, 1, 2)
    assert await problems(services) == []


async def test_a_check_that_the_scheduler_can_not_find_is_an_error(
    services: Services, project: Project
) -> None:
    check = await written_check(services, project, "success")
    await services.database["checks"].update_one({"_id": check.id}, {"$unset": {"due": 1}})
    ((level, text),) = await problems(services)
    assert level == "error"
    assert text.startswith(f"check {check.id}: the scheduler looks at it at no time instead of")


async def test_a_status_that_does_not_follow_from_the_log_is_an_error(
    services: Services, project: Project
) -> None:
    check = await written_check(services, project, "fail")
    await services.database["checks"].update_one({"_id": check.id}, {"$set": {"status": "up"}})
    texts = [text for _, text in await problems(services)]
    assert f"check {check.id}: its status is up, but its last flip made it down" in texts
    assert f"check {check.id}: its status is up, but ping 1 was a failure" in texts


async def test_a_flip_that_is_missing_is_an_error(services: Services, project: Project) -> None:
    check = await written_check(services, project, "success", "fail", "success")
    await services.state_writer.publish(check.id)
    await services.database["flips"].delete_one({"_id": entry_id(check.id, 2)})
    assert await problems(services) == [
        ("error", f"check {check.id}: 1 of its flips from number 1 on are missing")
    ]


async def test_a_state_behind_its_log_is_brought_in_step(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await written_check(services, project, "success")
    await services.storage.pings.append([logged(check.id, 2, clock())])
    text = f"check {check.id}: its state is behind its log; the next start of a server applies it"
    assert await problems(services) == [("warning", text)]
    assert await problems(services) == [("warning", text)]  # nothing was changed
    (fixed, _) = await examined(services, fix=True)
    assert (fixed.fixed, fixed.text) == (True, f"check {check.id}: brought its state in step with its log")
    assert (await services.storage.checks.load([check.id]))[check.id].check.n_pings == 2
    assert await problems(services) == []


async def test_a_state_that_a_server_has_still_to_write_is_no_problem(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await written_check(services, project, "success")
    await services.storage.pings.append([logged(check.id, 2, clock())])
    assert await problems(services, served=True) == []
    clock.advance(WRITTEN_BEHIND.total_seconds() + 1)
    assert [level for level, _ in await problems(services, served=True)] == ["warning"]


async def test_records_of_checks_that_do_not_exist_are_removed(
    services: Services, project: Project, clock: FakeClock
) -> None:
    kept = await written_check(services, project, "success")
    gone, flipped = uuid4(), uuid4()
    await services.storage.pings.append([logged(gone, n, clock()) for n in (3, 4)])
    flip = Flip(check=flipped, n=1, at=clock(), old="new", new="up", reason="ping")
    await services.storage.flips.publish([flip])
    await services.database["notifications"].insert_one({"_id": 1, "check": flipped, "at": clock()})
    levels = [("warning", id) for id in sorted([gone, flipped])]
    expected = [
        (level, f"there are pings, flips or notifications of check {id}, which does not exist")
        for level, id in levels
    ]
    assert await problems(services) == expected
    findings = await examined(services, fix=True)
    assert sum(one.fixed for one in findings) == 2
    assert await problems(services) == []
    assert await services.database["notifications"].count_documents({}) == 0
    assert await services.storage.pings.get(kept.id, 1) is not None


async def test_a_deletion_that_a_server_will_finish_is_no_problem(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await written_check(services, project, "success")
    await services.check_deletion.delete(project, check.id)
    clock.advance(1)
    await services.storage.pings.append([logged(check.id, 2, clock())])
    assert await problems(services) == []
    await services.storage.tombstones.drop(check.id)
    assert [level for level, _ in await problems(services)] == ["warning"]


async def test_a_flip_that_was_not_published_is_published(services: Services, project: Project) -> None:
    check = await written_check(services, project, "success")
    # As it is when a server dies after it has written the check.
    flip = await services.database["flips"].find_one_and_delete({})
    await services.database["checks"].update_one({"_id": check.id}, {"$set": {"flips": [flip]}})
    text = f"check {check.id}: its state is behind its log; the next start of a server applies it"
    assert await problems(services) == [("warning", text)]
    assert (await examined(services, fix=True))[0].fixed
    assert await problems(services) == []
    assert len(await services.storage.flips.read(check.id)) == 1


@pytest.mark.parametrize("is_cut_short", [False, True])
async def test_failures_that_are_kept_longer_are_no_gap(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, is_cut_short: bool
) -> None:
    services = await idle(make_services, pings_per_check=10, failures_per_check=5)
    project, _ = await services.projects.create("main")
    check = await written_check(services, project, "success", "fail", "fail", "success", "fail")
    await services.intake.record([report(check.id, clock()) for _ in range(130)])
    await services.state_writer.flush()
    if is_cut_short:
        monkeypatch.setattr(services.cache, "set_log_start", lambda *args: None)
    await services.runtime.pruner.prune(await services.cache.get(check.id), project)
    await services.state_writer.flush()
    stored = (await services.storage.checks.load([check.id]))[check.id].check
    assert stored.kept_failures == (() if is_cut_short else (2, 3, 5))
    with monkeypatch.context() as cheap:
        if not is_cut_short:
            cheap.delattr(Records, "_look_closely")  # there is no need to read the log once more
        assert await problems(services) == []
    await services.storage.pings.delete(check.id, 130, 130)
    wrong = f"check {check.id}: 1 pings between numbers 126 and 135 are missing in its log"
    assert await problems(services) == [("error", wrong)]
