from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.intake.logged_tokens import LoggedTokens
from hcserver.services.intake.repetitions import Repetitions
from hcserver.services.intake.state_reader import StateReader
from tests.hcserver.services.conftest import FakeClock, create


def reader(services: Services) -> tuple[StateReader, LoggedTokens]:
    storage = services.storage
    tokens = LoggedTokens(storage.pings, storage.heartbeat, Repetitions(services.clock))
    return StateReader(storage, tokens), tokens


def entry(services: Services, check: object, n: int, at: datetime) -> Ping:
    return Ping(
        check=check,  # type: ignore[arg-type]
        n=n,
        at=at,
        type="success",
        scheme="http",
        remote_addr="",
        token=f"token-{n:06}".encode(),
    )


async def test_the_pings_that_no_document_counts_are_read_and_their_tokens_remembered(
    services: Services, project: Project, clock: FakeClock
) -> None:
    behind, level = await create(services, project), await create(services, project)
    await services.storage.pings.append([entry(services, behind.id, n, clock.now) for n in (1, 2)])
    states, tokens = reader(services)
    found = await states.documents([behind.id, level.id, uuid4()])
    assert set(found) == {behind.id, level.id}
    assert await states.behind(found.values()) == {behind.id}
    assert [ping.n for ping in await states.uncounted(found[behind.id], behind=True)] == [1, 2]
    assert await states.uncounted(found[level.id], behind=False) == []
    assert tokens.has(b"token-000002", clock.now, 2)


async def test_the_log_is_read_again_when_memory_counts_more(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    states, _ = reader(services)
    found = await states.documents([check.id])
    await services.storage.pings.append([entry(services, check.id, 1, clock.now)])
    assert [ping.n for ping in await states.uncounted(found[check.id], False, lambda: 1)] == [1]
    # A log that never has what memory counts does not hold it up for ever.
    assert [ping.n for ping in await states.uncounted(found[check.id], False, lambda: 2)] == [1]
