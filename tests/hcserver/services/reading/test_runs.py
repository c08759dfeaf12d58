from __future__ import annotations

from uuid import uuid4

import pytest

from hcserver.domain.ping import Report
from hcserver.domain.project import Project
from hcserver.services.container import Services
from hcserver.services.reading import runs as runs_module
from hcserver.services.reading.runs import last_runs, small_bodies, with_starts
from tests.hcserver.services.conftest import FakeClock, create, ping
from tests.hcserver.storage.contract.records import a_ping


async def test_the_last_runs_come_with_their_starts_and_first_lines(
    services: Services, project: Project, clock: FakeClock
) -> None:
    check = await create(services, project)
    await ping(services, check.id, body=b"\nfirst run\nmore")
    await ping(services, check.id, "start")
    clock.advance(270)
    await ping(services, check.id, "log", body=b"half")
    await ping(services, check.id, "fail", body=b"disk full", exit_status=3)
    await ping(services, check.id, "start")
    check = await services.cache.get(check.id)
    found = [
        (run.outcome, run.ping.n, run.duration, run.first_line)
        for run in await last_runs(services.checks, check, 10)
    ]
    assert found == [
        ("start", 5, None, ""),
        ("fail", 4, 270.0, "disk full"),
        ("success", 1, None, "first run"),
    ]
    assert [run.ping.n for run in await last_runs(services.checks, check, 1)] == [5]


async def test_runs_are_found_behind_many_other_pings(services: Services, project: Project) -> None:
    check = await create(services, project)
    await ping(services, check.id)
    for _ in range(60):
        await ping(services, check.id, "log")
    check = await services.cache.get(check.id)
    assert [run.ping.n for run in await last_runs(services.checks, check, 3)] == [1]


async def test_no_more_pings_are_read_than_that(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_module, "_SCANNED", 10)
    monkeypatch.setattr(runs_module, "_AT_ONCE", 5)
    monkeypatch.setattr(runs_module, "LOOK_BACK", 5)
    check = await create(services, project)
    await ping(services, check.id, "start")
    for _ in range(20):
        await ping(services, check.id, "log")
    await ping(services, check.id)
    check = await services.cache.get(check.id)
    assert [(run.ping.n, run.start) for run in await last_runs(services.checks, check, 3)] == [(22, None)]
    shown = await services.checks.pings(check, 18)
    assert (await with_starts(services.checks, check, shown))[0].duration == 0.0


async def test_the_first_line_of_an_email_is_its_subject(services: Services, project: Project) -> None:
    check = await create(services, project)
    mail = Report(
        check=check.id, at=services.clock(), signal="success", scheme="email", remote_addr="192.0.2.1",
        subject="backup: fine", sender="nas@example.org", body=b"Subject: backup: fine\n\ntext",
    )  # fmt: skip
    await services.intake.record([mail])
    check = await services.cache.get(check.id)
    [run] = await last_runs(services.checks, check, 3)
    assert run.first_line == "backup: fine"


def test_large_bodies_and_too_many_of_them_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "_BODY_BYTES", 100)
    monkeypatch.setattr(runs_module, "_ALL_BYTES", 100)
    pings = [a_ping(uuid4(), n, body_size=size) for n, size in enumerate([60, 200, 0, 50, 30], 1)]
    assert small_bodies(pings) == [1, 5]
