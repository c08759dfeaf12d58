from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from hcserver.config.schema import LogSettings
from hcserver.domain.check import Check
from hcserver.domain.flip import Flip
from hcserver.domain.identifiers import unique_key
from hcserver.domain.notification import Attempt, Notification
from hcserver.domain.ping import Ping
from hcserver.domain.project import Project
from hcserver.logs import set_up_logging
from hcserver.services.container import Services
from hcserver.services.event_log import log_events
from hcserver.services.events import (
    CheckDeleted,
    Event,
    EventBus,
    LogCleared,
    NotificationSettled,
    PingRecorded,
    StatusChanged,
)
from tests.hcserver.services.conftest import create, report

ID = UUID("3b6d1f2e-0c4a-4d5b-8e6f-7a8b9c0d1e2f")
OTHER = UUID("9f8e7d6c-5b4a-4938-8776-655443322110")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CHECK = Check(id=ID, project=OTHER, created=NOW, badge=OTHER, name="Nightly backup")
PING = PingRecorded(
    CHECK, Ping(check=ID, n=7, at=NOW, type="fail", scheme="http", remote_addr="192.0.2.1", exit_status=3)
)
FLIP = StatusChanged(CHECK, Flip(check=ID, n=2, at=NOW, old="up", new="down", reason="timeout"))
PENDING = Notification(check=ID, n=2, channel=OTHER, project=OTHER, event="down", reason="timeout", at=NOW)
ATTEMPTS = tuple(Attempt(at=NOW, duration=1.0, error=error) for error in ("slow", 'said "no"'))
FAILED = NotificationSettled(replace(PENDING, status="failed", attempts=ATTEMPTS))
SKIPPED = NotificationSettled(replace(PENDING, n=3, event="up", status="skipped", why="snoozed"))
WHICH = f"check=3b6d1f2e… unique_key={unique_key(ID)}"

pytestmark = pytest.mark.usefixtures("own_logging")


def lines(capsys: pytest.CaptureFixture[str], settings: LogSettings, *events: Event) -> list[str]:
    set_up_logging(settings)
    bus = EventBus()
    log_events(bus)
    for event in events:
        bus.publish(event)
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (PING, f"ping {WHICH} n=7 type=fail scheme=http remote_addr=192.0.2.1 exit_status=3"),
        (
            FLIP,
            f'flip {WHICH} name="Nightly backup" n=2 old=up new=down reason=timeout '
            "at=2026-03-01T12:00:00+00:00",
        ),
        (
            FAILED,
            f"notification {WHICH} n=2 channel={OTHER} event=down result=failed attempts=2 "
            r'error="said \"no\""',
        ),
        (
            SKIPPED,
            f"notification {WHICH} n=3 channel={OTHER} event=up result=skipped attempts=0 why=snoozed",
        ),
        (CheckDeleted(CHECK), f'deleted {WHICH} name="Nightly backup"'),
        (LogCleared(CHECK), f'cleared {WHICH} name="Nightly backup"'),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_is_a_line_with_fields(
    capsys: pytest.CaptureFixture[str], event: Event, expected: str
) -> None:
    (line,) = lines(capsys, LogSettings(level="debug"), event)
    assert line.partition(" hcserver.events: ")[2] == expected
    assert str(ID) not in line


def test_in_json_the_fields_are_members(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, LogSettings(format="json"), SKIPPED)
    entry = json.loads(line)
    del entry["time"]
    assert entry == {
        "level": "info",
        "logger": "hcserver.events",
        "message": "notification",
        "check": "3b6d1f2e…",
        "unique_key": unique_key(ID),
        "n": 3,
        "channel": str(OTHER),
        "event": "up",
        "result": "skipped",
        "attempts": 0,
        "why": "snoozed",
    }


def test_pings_are_for_debugging_only(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, LogSettings(), PING, FLIP)
    assert " flip " in line


@pytest.mark.parametrize("name", ["a\nflip check=forged", "a\x1b[2J", "\u202egnp", '" new=up "', "a=b", "\\"])
def test_a_name_cannot_pass_for_something_else(capsys: pytest.CaptureFixture[str], name: str) -> None:
    event = CheckDeleted(Check(id=ID, project=OTHER, created=NOW, badge=OTHER, name=name))
    (line,) = lines(capsys, LogSettings(), event)
    assert line.isprintable()
    found = re.search(r" name=(\"(?:[^\"\\]|\\.)*\")$", line)
    assert found is not None
    assert json.loads(found[1]) == name


async def test_a_server_logs_the_flips_and_deletions_of_its_checks(
    services: Services, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hcserver.events")
    check = await create(services, project, name="Backup")
    await services.intake.record([report(check.id, services.clock(), "fail")])
    await services.state_writer.flush()
    await services.check_deletion.delete(project, check.id)
    assert [one.getMessage() for one in caplog.records if one.name == "hcserver.events"] == [
        "flip",
        "deleted",
    ]
