from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from handlers.pages.many_checks import change_each
from hcserver.domain.check import Check
from hcserver.errors import Conflict, NotFound, Unavailable
from tests.handlers.harness import Site
from tests.handlers.pages.visitor import Visitor, make_check

CHECKS = [
    Check(id=UUID(int=n), project=UUID(int=0), badge=UUID(int=n), created=datetime(2026, 1, 1, tzinfo=UTC))
    for n in range(120)
]


async def test_each_check_is_changed_once_and_those_that_are_gone_do_not_count() -> None:
    changed: list[int] = []

    async def change(check: Check) -> None:
        changed.append(check.id.int)
        if check.id.int % 10 == 0:
            raise NotFound("not found") if check.id.int % 20 else Conflict("it is already")

    assert await change_each(CHECKS, change) == 108
    assert changed == list(range(120))


async def test_another_error_ends_it() -> None:
    changed: list[int] = []

    async def change(check: Check) -> None:
        changed.append(check.id.int)
        if check.id.int == 60:
            raise Unavailable("away")

    with pytest.raises(Unavailable):
        await change_each(CHECKS, change)
    assert max(changed) < 100


async def test_hundreds_of_checks_are_paused_in_one_request(site: Site, editor: Visitor) -> None:
    selected = [str((await make_check(site, name=f"job {n}")).id) for n in range(230)]
    reply = await editor.post(f"{editor.path}bulk", action="pause", check=[*selected, selected[0]])
    assert (reply.status, reply.headers["set-cookie"].split(";")[0]) == (303, "notice=230+checks+paused.")
    statuses = await site.services.project_reader.status_counts(site.project.id, None)
    assert statuses["paused"] == 230
