"""Reports with tokens that come again: in one process, over a restart and to another process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from hcserver.domain.ping import Report
from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import intake as intake_module
from hcserver.services.intake.repetitions import Receipt
from tests.hcserver.services.conftest import FakeClock, MakeServices, create, report

TOKEN = b"same-idsame1"


def email(check: Any, services: Services, token: bytes = TOKEN) -> Report:
    return replace(report(check.id, services.clock(), token=token), scheme="email")


async def test_a_repetition_is_left_out_and_the_log_says_why(
    services: Services, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    check = await create(services, project)
    assert len(await services.intake.record([email(check, services)])) == 1
    assert await services.intake.record([email(check, services)]) == []
    assert f"left out an email from 192.0.2.1 to check {check.id}" in caplog.text
    assert "may not have heard our answer" in caplog.text


async def test_a_report_whose_answer_was_heard_is_recorded_again(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    for _ in range(3):
        assert len(await services.intake.record([email(check, services)])) == 1
        services.intake.acknowledged([Receipt(check.id, TOKEN)])
    assert (await services.checks.get(project, check.id)).n_pings == 3


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_report_is_recorded_again_when_another_ping_came_in_between(
    services: Services, project: Project, at_once: bool
) -> None:
    check = await create(services, project)
    first = email(check, services)
    if at_once:
        await services.intake.record([first])
        await services.intake.record([report(check.id, services.clock(), "fail"), first])
    else:
        for one in (first, report(check.id, services.clock(), "fail"), first):
            assert len(await services.intake.record([one])) == 1
    updated = await services.checks.get(project, check.id)
    assert (updated.n_pings, updated.status) == (3, "up")


async def test_a_check_that_is_loaded_again_brings_back_no_memory_of_what_was_heard(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    await services.intake.record([email(check, services)])
    services.intake.acknowledged([Receipt(check.id, TOKEN)])
    await services.state_writer.flush()
    services.cache.forget(check.id)
    assert len(await services.intake.record([email(check, services)])) == 1


async def test_after_an_orderly_stop_nothing_is_a_repetition(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first = await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await first.intake.record([email(check, first)])
    await first.stop()
    clock.advance(10)
    second = await make_services()
    assert len(await second.intake.record([email(check, second)])) == 1


async def test_after_a_kill_what_the_mark_does_not_cover_may_be_a_repetition(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first = await make_services()
    project, _ = await first.projects.create("main")
    answered, waiting = await create(first, project), await create(first, project)
    await first.intake.record([email(answered, first)])
    clock.advance(3)
    await first.answered_mark.write()
    await first.intake.record([email(waiting, first)])
    await first.intake.record([email(waiting, first, b"another-mail")])
    await first.state_writer.flush()
    await first.answered_mark._task.stop()  # a killed process writes no mark any more
    clock.advance(10)
    second = await make_services()
    assert len(await second.intake.record([email(answered, second)])) == 1
    assert await second.intake.record([email(waiting, second)]) == []
    second.intake.acknowledged([Receipt(waiting.id, TOKEN)])
    assert len(await second.intake.record([email(waiting, second)])) == 1


@pytest.mark.parametrize("patience", [4.5, 0.05], ids=["tried again", "refused"])
async def test_a_mail_that_is_sent_again_is_not_lost_when_its_append_fails(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    check = await create(services, project)
    await services.intake.record([email(check, services)])
    services.intake.acknowledged([Receipt(check.id, TOKEN)])
    append, failures = services.storage.pings.append, iter([True])

    async def fail_once(pings: Any) -> None:
        if next(failures, False):
            await asyncio.sleep(2 * patience if patience < 1 else 0)
            raise Unavailable("away")
        await append(pings)

    monkeypatch.setattr(services.storage.pings, "append", fail_once)
    monkeypatch.setattr(intake_module, "PATIENCE", patience)
    if patience < 1:
        with pytest.raises(Unavailable):
            await services.intake.record([email(check, services)])
        monkeypatch.setattr(intake_module, "PATIENCE", 4.5)
    assert len(await services.intake.record([email(check, services)])) == 1
    assert (await services.checks.get(project, check.id)).n_pings == 2


async def test_a_mail_is_recorded_when_another_process_recorded_the_same_one_long_ago(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await second.intake.record([report(check.id, clock())])  # it has the check in memory from now on
    await first.intake.record([email(check, first)])
    first.intake.acknowledged([Receipt(check.id, TOKEN)])
    await first.intake.record([report(check.id, clock(), "fail")])
    clock.advance(3600)
    assert len(await second.intake.record([email(check, second)])) == 1
    await second.state_writer.flush()
    recorded = await second.checks.get(project, check.id)
    assert (recorded.n_pings, recorded.status) == (4, "up")


async def test_a_mail_is_recorded_when_another_process_recorded_the_same_one_and_the_append_fails(
    make_services: MakeServices, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await second.intake.record([report(check.id, clock())])
    await first.intake.record([email(check, first)])
    first.intake.acknowledged([Receipt(check.id, TOKEN)])
    clock.advance(3600)
    await first.answered_mark.write()
    append, failures = second.storage.pings.append, iter([True])

    async def fail_once(pings: Any) -> None:
        if next(failures, False):
            raise Unavailable("away")
        await append(pings)

    monkeypatch.setattr(second.storage.pings, "append", fail_once)
    assert len(await second.intake.record([email(check, second)])) == 1
    assert (await second.checks.get(project, check.id)).n_pings == 3
