"""Flips of a check whose pings come in by several servers with clocks that differ."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from typing import Any

from tests.hcserver.services.conftest import FakeClock, MakeServices, create, report


async def test_flips_of_two_servers_with_different_clocks_are_in_order(
    make_services: MakeServices, clock: FakeClock
) -> None:
    first, second = await make_services(), await make_services()
    project, _ = await first.projects.create("main")
    check = await create(first, project)
    signals: list[Any] = ["success", "fail", "fail", "success", "success"]

    async def send(index: int, server: Any, behind: timedelta) -> None:
        for number in range(20):
            at = clock() + timedelta(seconds=number) - behind
            await server.intake.record([report(check.id, at, signals[(number + index) % len(signals)])])

    await asyncio.gather(send(0, first, timedelta()), send(2, second, timedelta(seconds=7)))
    await first.state_writer.flush()
    await second.state_writer.flush()

    flips = (await first.storage.flips.read(check.id))[::-1]
    assert [flip.n for flip in flips] == list(range(1, len(flips) + 1))
    moments = [flip.at for flip in flips]
    assert len(flips) > 2 and moments == sorted(moments)
    assert all(earlier.new == later.old for earlier, later in itertools.pairwise(flips))
    stored = (await first.storage.checks.load([check.id]))[check.id].check
    assert (stored.status, stored.flipped_at) == (flips[-1].new, flips[-1].at)
