from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import bson
import pytest
from bson.binary import Binary

from hcserver.app import build_services
from hcserver.config.schema import Settings
from hcserver.domain.ping import Report
from hcserver.storage.client import entry_id
from hcserver.storage.schema import prepare
from hcserver.transfer.dump import dump
from hcserver.transfer.load import load
from hcserver.transfer.log_gaps import LogGaps
from tests.hcserver.storage.contract.records import a_check, a_ping
from tests.hcserver.transfer.databases import silent


@pytest.mark.parametrize(
    ("counted", "log", "pruned_to"),
    [(5, [6, 7], None), (5, [], None), (5, [3, 4], None), (5, [8, 9], 7), (5, [5, 9, 8], 7), (0, [2], 1)],
)
def test_a_log_that_does_not_go_on_where_the_check_ends_is_found(
    counted: int, log: list[int], pruned_to: int | None
) -> None:
    check, gaps = uuid4(), LogGaps()
    gaps.look_at("checks", [bson.encode({"_id": Binary.from_uuid(check), "n_pings": counted})])
    gaps.look_at("flips", [bson.encode({"_id": entry_id(check, 20)})])
    gaps.look_at("pings", [bson.encode({"_id": entry_id(check, n)}) for n in log])
    gaps.look_at("pings", [bson.encode({"_id": entry_id(uuid4(), 3)})])
    assert gaps.found() == ({} if pruned_to is None else {check: pruned_to})


async def test_a_check_that_was_pruned_while_it_was_dumped_goes_on_behind_its_log(
    database: Any, target: Any, tmp_path: Path
) -> None:
    await prepare(database)
    source = build_services(database, Settings()).storage
    check = a_check(n_pings=5)
    await source.checks.insert(check)
    await source.pings.append([a_ping(check=check.id, n=n) for n in (8, 9)])
    await dump(database, tmp_path / "d", silent)
    await load(tmp_path / "d", target, silent)
    services = build_services(target, Settings())
    await services.start()
    try:
        assert (await services.checks.by_id(check.id)).n_pings == 9
        now = services.clock()
        report = Report(check=check.id, at=now, signal="success", scheme="http", remote_addr="192.0.2.1")
        assert [ping.n for ping in await services.intake.record([report])] == [10]
    finally:
        await services.stop()
