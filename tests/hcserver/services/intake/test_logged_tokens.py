from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hcserver.domain.ping import LoggedToken
from hcserver.domain.project import Project
from hcserver.errors import Unavailable
from hcserver.services.container import Services
from hcserver.services.intake import intake as intake_module
from hcserver.services.intake import logged_tokens as logged_tokens_module
from hcserver.services.intake.cached_check import CachedCheck
from hcserver.services.intake.logged_tokens import LoggedTokens
from hcserver.services.intake.repetitions import Repetitions
from hcserver.storage.checks import Stored
from tests.hcserver.services.conftest import START, FakeClock, MakeServices, create, ping, report


async def test_a_report_with_a_token_is_stored_once_while_its_sender_has_heard_no_answer(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    same = report(check.id, services.clock(), token=b"twelve-bytes")
    assert len(await services.intake.record([same])) == 1
    assert await services.intake.record([same]) == []
    assert (await services.checks.get(project, check.id)).n_pings == 1


async def test_a_report_with_a_token_is_stored_once_whichever_process_it_comes_to(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    await ping(second, check.id, token=b"another-mail")  # so that the second one has the check in memory
    same = report(check.id, clock(), token=b"twelve-bytes")
    assert len(await first.intake.record([same])) == 1
    await first.state_writer.settle(check.id)
    assert await second.intake.record([same]) == []
    third = await make_services()
    assert await third.intake.record([same]) == []
    assert [one.token for one in await third.storage.pings.tail(check.id, 0)] == [
        b"another-mail",
        b"twelve-bytes",
    ]


async def test_a_report_that_was_stored_although_its_sender_was_refused_is_known_when_it_comes_again(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = await create(services, project)
    monkeypatch.setattr(intake_module, "PATIENCE", 0.2)
    append = services.storage.pings.append

    async def append_slowly_and_fail(pings: Any) -> None:
        await append(pings)
        await asyncio.sleep(0.4)
        raise Unavailable("the answer was lost")

    monkeypatch.setattr(services.storage.pings, "append", append_slowly_and_fail)
    same = report(check.id, services.clock(), token=b"twelve-bytes")
    with pytest.raises(Unavailable):
        await services.intake.record([same])
    monkeypatch.setattr(services.storage.pings, "append", append)
    monkeypatch.setattr(intake_module, "PATIENCE", 4.5)
    assert await services.intake.record([same]) == []
    assert (await services.checks.get(project, check.id)).n_pings == 1


def test_the_oldest_tokens_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logged_tokens_module, "MAX_TOKENS", 2)
    memory = LoggedTokens(None, None, None)  # type: ignore[arg-type]
    memory.remember(LoggedToken(2, START, token, True) for token in (b"one", b"two", b"three"))
    assert [memory.has(token, START, 1) for token in (b"one", b"two", b"three")] == [False, True, True]
    assert [memory.has(b"two", START, n) for n in (2, 3)] == [True, False]
    assert not memory.has(b"two", START + timedelta(days=1), 1)


async def test_the_tokens_of_the_last_pings_of_a_check_are_read_from_the_log(
    services: Services, project: Project
) -> None:
    check = await create(services, project)
    for number in range(25):
        await ping(services, check.id, token=f"token-{number:06}".encode())
    storage = services.storage
    memory = LoggedTokens(storage.pings, storage.heartbeat, Repetitions(services.clock))
    cached = CachedCheck(Stored(await services.checks.get(project, check.id), rev=1))
    await memory.read_last([cached])
    assert cached.tokens_known
    at = services.clock()
    assert [memory.has(f"token-{n:06}".encode(), at, 1) for n in (4, 5, 24)] == [False, True, True]
