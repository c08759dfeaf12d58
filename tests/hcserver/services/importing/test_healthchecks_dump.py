from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hcserver.errors import HcError
from hcserver.services.importing.healthchecks_dump import read_dump
from hcserver.services.importing.history import SourceFlip
from hcserver.services.importing.source import Source
from hcserver.validation.check import parse_spec

CODE = "31365bce-8da9-4729-8ff3-aaa71d56b712"
BADGE = "51c6eb2b-2ae1-456b-99fe-6f1e0a36cd3c"
RID = "1bdea468-03bf-47b8-ab27-29a9dd0e4b94"
AT = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
MOMENT = "2026-03-01T12:00:00.123Z"

CHECK: dict[str, Any] = {
    "name": "Backup",
    "slug": "backup",
    "tags": "a b",
    "code": CODE,
    "desc": "",
    "project": 1,
    "created": MOMENT,
    "kind": "simple",
    "timeout": "1 00:30:00",
    "grace": "01:00:00",
    "schedule": "* * * * *",
    "tz": "UTC",
    "filter_subject": True,
    "filter_body": False,
    "start_kw": "",
    "success_kw": "OK",
    "failure_kw": "",
    "methods": "",
    "manual_resume": False,
    "badge_key": BADGE,
    "n_pings": 7,
    "last_ping": MOMENT,
    "last_start": None,
    "last_start_rid": None,
    "last_duration": "00:00:02.500000",
    "has_confirmation_link": False,
    "alert_after": MOMENT,
    "status": "up",
}
PING: dict[str, Any] = {
    "n": 7,
    "owner": 5,
    "created": MOMENT,
    "kind": None,
    "scheme": "https",
    "remote_addr": "192.0.2.1",
    "method": "POST",
    "ua": "curl",
    "body": None,
    "body_raw": "AP8=",
    "object_size": None,
    "exitstatus": None,
    "rid": RID,
}


def record(model: str, pk: int, fields: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"model": model, "pk": pk, "fields": {**fields, **changes}}


def project(pk: int, name: str) -> dict[str, Any]:
    return record("accounts.project", pk, {"code": f"code-{pk}", "name": name, "owner": 1})


def check(pk: int = 5, **changes: Any) -> dict[str, Any]:
    return record("api.check", pk, CHECK, **changes)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "dump.json"


def read(file: Path, *records: dict[str, Any], project: str | None = None) -> Source:
    file.write_text(json.dumps([record("auth.user", 1, {"email": "x"}), *records]))
    return read_dump(file, project)


def test_the_settings_of_a_check_are_read(file: Path) -> None:
    (one,) = read(file, project(1, "Lab"), check()).checks
    assert (one.id, one.badge, one.channels, one.paused) == (UUID(CODE), UUID(BADGE), (), False)
    assert one.fields == {
        "name": "Backup",
        "slug": "backup",
        "tags": "a b",
        "desc": "",
        "timeout": 88200,
        "grace": 3600,
        "filter_subject": True,
        "filter_body": False,
        "start_kw": "",
        "success_kw": "OK",
        "failure_kw": "",
        "methods": "",
        "manual_resume": False,
    }
    assert parse_spec(dict(one.fields), 3).changes["kind"] == "simple"


@pytest.mark.parametrize(("kind", "schedule"), [("cron", "5 4 * * *"), ("oncalendar", "Mon..Fri 08:00")])
def test_a_schedule_is_read(file: Path, kind: str, schedule: str) -> None:
    (one,) = read(file, check(kind=kind, schedule=schedule, tz="Europe/Riga")).checks
    assert "timeout" not in one.fields
    assert (one.fields["schedule"], one.fields["tz"]) == (schedule, "Europe/Riga")


def test_the_state_and_the_history_are_read(file: Path) -> None:
    (one,) = read(
        file,
        check(last_start=MOMENT, last_start_rid=RID),
        record("api.ping", 2, PING),
        record("api.ping", 1, PING, n=6, kind="fail", exitstatus=3, body="ü", body_raw=None, scheme="email"),
        record("api.ping", 3, PING, owner=6),
        record("api.flip", 2, {"owner": 5, "created": MOMENT, "old_status": "down", "new_status": "up"}),
        record(
            "api.flip",
            1,
            {"owner": 5, "created": "2026-03-01T11:00:00Z", "old_status": "new", "new_status": "down"},
        ),
    ).checks
    history = one.history
    assert history is not None
    assert (history.created, history.status, history.n_pings) == (AT, "up", 7)
    assert (history.last_ping, history.last_start, history.last_duration) == (AT, AT, 2.5)
    assert history.last_start_rid == UUID(RID)
    failure, success = history.pings
    assert (failure.type, failure.exit_status, failure.body, failure.scheme) == (
        "fail",
        3,
        "ü".encode(),
        "email",
    )
    assert (success.type, success.body, success.at, success.rid) == ("success", b"\0\xff", AT, UUID(RID))
    assert (success.remote_addr, success.method, success.ua) == ("192.0.2.1", "POST", "curl")
    assert history.flips == (
        SourceFlip(datetime(2026, 3, 1, 11, tzinfo=UTC), "new", "down"),
        SourceFlip(AT, "down", "up"),
    )


def test_bodies_that_are_elsewhere_are_counted(file: Path) -> None:
    source = read(file, check(), record("api.ping", 1, PING, body_raw=None, object_size=500))
    assert source.warnings == (
        "bodies of pings that are in an object storage, and not in the dump, are left out: 1",
    )


def test_channels_are_those_of_the_project(file: Path) -> None:
    source = read(
        file,
        check(),
        record("api.channel", 1, {"name": "Ops", "project": 1, "checks": [5]}),
        record("api.channel", 2, {"name": "Idle", "project": 1, "checks": []}),
        record("api.channel", 3, {"name": "Foreign", "project": 2, "checks": []}),
    )
    assert (source.channels, source.checks[0].channels) == (("Ops", "Idle"), ("Ops",))


def test_one_of_several_projects_is_chosen_by_name_code_or_number(file: Path) -> None:
    records = [
        project(1, "Lab"),
        project(2, "Home"),
        check(),
        check(6, code=BADGE, badge_key=None, project=2, name="Other"),
    ]
    for chosen in ("Home", "code-2", "2"):
        assert [one.label for one in read(file, *records, project=chosen).checks] == ["Other"]
    for wrong in (None, "Nowhere"):
        with pytest.raises(HcError, match=r"name one of these, or its number: Lab \(1\), Home \(2\)"):
            read(file, *records, project=wrong)


def test_checks_come_in_the_order_of_their_creation(file: Path) -> None:
    older = check(6, code=BADGE, badge_key=None, created="2020-01-01T00:00:00", name="Older")
    assert [one.label for one in read(file, check(), older).checks] == ["Older", "Backup"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not what `manage.py dumpdata` writes as JSON"),
        ("{}", "is not what `manage.py dumpdata` writes as JSON"),
        ('[{"model": 1}]', "is not what `manage.py dumpdata` writes as JSON"),
        ("[" * 100_000, "is not what `manage.py dumpdata` writes as JSON"),
        ("[]", "has no records of api.check"),
        (json.dumps([check(code="x")]), r"the record api.check 5 of the dump is faulty: Invalid UUID"),
        (json.dumps([check(status="odd")]), "the record api.check 5 of the dump is faulty"),
        (json.dumps([check(timeout="P1D")]), f"the check {CODE} of the dump has the duration 'P1D'"),
        (json.dumps([check(), record("api.ping", 9, PING, body_raw="?")]), "the record api.ping 9"),
    ],
)
def test_a_faulty_dump_is_a_clear_fault(file: Path, text: str, fault: str) -> None:
    file.write_text(text)
    with pytest.raises(HcError, match=fault):
        read_dump(file, None)


def test_a_dump_that_is_not_there_is_a_clear_fault(file: Path) -> None:
    with pytest.raises(HcError, match="No such file or directory"):
        read_dump(file, None)
