from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hcserver.errors import HcError
from hcserver.services.importing.source import Source
from hcserver.services.importing.uptime_kuma import read_uptime_kuma
from hcserver.validation.check import parse_spec

MONITOR: dict[str, Any] = {
    "id": 1,
    "name": "Backup",
    "description": "Every night",
    "pathName": "Backup",
    "type": "push",
    "pushToken": "abcd1234",
    "interval": 3600,
    "retryInterval": 120,
    "maxretries": 3,
    "resendInterval": 0,
    "active": True,
    "url": "https://",
    "notificationIDList": {"1": True, "2": False, "9": True},
    "tags": [
        {"tag_id": 1, "monitor_id": 1, "name": "prod env", "value": "", "color": "#fff"},
        {"tag_id": 2, "monitor_id": 1, "name": "owner", "value": "ann b", "color": "#fff"},
    ],
}
NOTIFICATIONS = [{"id": 1, "name": "Ops", "config": "{}"}, {"id": 2, "name": "Pager"}]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.json"


def read(file: Path, *monitors: dict[str, Any]) -> Source:
    backup = {"version": "1.23.16", "notificationList": NOTIFICATIONS, "monitorList": monitors}
    file.write_text(json.dumps(backup))
    return read_uptime_kuma(file)


def test_a_push_monitor_becomes_a_check(file: Path) -> None:
    source = read(file, MONITOR)
    (one,) = source.checks
    assert (one.id, one.address, one.paused) == (None, "/api/push/abcd1234", False)
    assert one.fields == {
        "name": "Backup",
        "desc": "Every night",
        "tags": "prod-env owner:ann-b",
        "timeout": 3600,
        "grace": 360,
    }
    assert parse_spec(dict(one.fields), 3)
    assert one.channels == ("Ops", "")
    assert (source.channels, source.warnings) == (("Ops", "Pager"), ())


@pytest.mark.parametrize("active", [False, 0])
def test_a_monitor_that_is_not_active_is_paused(file: Path, active: object) -> None:
    (one,) = read(file, {**MONITOR, "active": active, "description": None}).checks
    assert (one.paused, one.fields["desc"]) == (True, "")


def test_short_times_become_a_minute_and_are_listed(file: Path) -> None:
    source = read(file, {**MONITOR, "interval": 20, "maxretries": 0})
    assert (source.checks[0].fields["timeout"], source.checks[0].fields["grace"]) == (60, 60)
    assert source.warnings == ("a period is at least 60 s here, and shorter at the source for: Backup",)


def test_other_monitors_are_counted(file: Path) -> None:
    source = read(file, {**MONITOR, "type": "http"}, MONITOR, {**MONITOR, "type": "ping"})
    assert len(source.checks) == 1
    assert source.warnings == ("monitors of other types than push are left out: 2",)


def test_the_list_may_be_an_object(file: Path) -> None:
    file.write_text(json.dumps({"monitorList": {"1": MONITOR}}))
    assert len(read_uptime_kuma(file).checks) == 1


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"monitorList": 1}', '{"monitorList": [{"type": "push", "interval": "x"}]}']
)
def test_another_file_is_a_clear_fault(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(HcError, match="is no backup of Uptime Kuma"):
        read_uptime_kuma(file)


def test_a_file_that_is_not_there_is_a_clear_fault(file: Path) -> None:
    with pytest.raises(HcError, match="No such file or directory"):
        read_uptime_kuma(file)
