from __future__ import annotations

from typing import Any

import pytest

from hcserver.declaration.faults import Faults
from hcserver.declaration.read_check import DEFAULTS, FIELDS, read_check
from hcserver.domain.check import Check
from hcserver.validation.check import SCHEMA


def read(**table: object) -> Any:
    faults = Faults()
    check = read_check(table, faults)
    assert faults.texts == []
    assert check is not None
    return check


def faults_of(**table: object) -> list[str]:
    faults = Faults()
    assert read_check(table, faults) is None
    return faults.texts


def test_what_is_left_out_has_its_default() -> None:
    check = read(slug="backup")
    assert (check.slug, check.channels) == ("backup", None)
    assert check.settings.items() >= {"name": "backup", "timeout": 86400, "grace": 3600, "tags": ""}.items()
    assert not check.settings.keys() & {"schedule", "tz"}


def test_every_setting_of_a_check_can_be_declared() -> None:
    others = {"slug", "channels", "unique", "subject", "subject_fail", "snoozed_until"}
    assert set(FIELDS) == SCHEMA["properties"].keys() - others
    assert set(FIELDS) - {"schedule"} == DEFAULTS.keys()
    assert set(FIELDS) <= set(Check.__struct_fields__)


def test_a_check_with_a_schedule_has_no_period() -> None:
    check = read(slug="a", schedule="5 4 * * *", tz="Asia/Calcutta")
    assert (check.settings["schedule"], check.settings["tz"]) == ("5 4 * * *", "Asia/Kolkata")
    assert "timeout" not in check.settings
    assert read(slug="a", schedule="daily").settings["tz"] == "UTC"


def test_channels_are_names_or_all() -> None:
    assert read(slug="a", channels="*").channels == "*"
    assert read(slug="a", channels=[]).channels == ()
    assert read(slug="a", channels=["x", "y", "x"]).channels == ("x", "y")


@pytest.mark.parametrize("channels", ["x", "", ["x", 1], 3, {"a": 1}])
def test_other_channels_are_refused(channels: object) -> None:
    assert faults_of(slug="a", channels=channels) == ['channels: is neither an array of names nor "*"']


def test_all_faults_are_reported_at_once() -> None:
    assert faults_of(
        slug="Backup", timeout=59, grace="1h", desc=True, snoozed_until=None, methods="PUT", channels=1
    ) == [
        "snoozed_until: is unknown: expected "
        "slug, name, tags, desc, timeout, schedule, tz, grace, " + ", ".join(FIELDS[7:]) + ", channels",
        "slug: does not match pattern",
        "desc: is not a string",
        "timeout: is too small",
        "grace: is not a number",
        "methods: has unexpected value",
        'channels: is neither an array of names nor "*"',
    ]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({}, "slug: is missing: it says which check is meant"),
        ({"slug": ""}, "slug: is empty: it says which check is meant"),
        ({"slug": 3}, "slug: is not a string"),
        ({"slug": "a", "timeout": 60, "schedule": "daily"}, "timeout: does not go together with schedule"),
        ({"slug": "a", "tz": "UTC"}, "tz: is given without schedule"),
        ({"slug": "a", "schedule": "61 * * * *"}, "schedule: is not a valid cron or OnCalendar expression"),
        ({"slug": "a", "schedule": "daily", "tz": "Riga"}, "tz: is not a valid timezone"),
        ({"slug": "a", "timeout": 10**30}, "timeout: is too large"),
        ({"slug": "a", "timeout": 60.0}, "timeout: is not a number"),
    ],
)
def test_a_fault_names_the_field(table: dict[str, object], problem: str) -> None:
    assert faults_of(**table) == [problem]


def test_a_run_can_be_neither_too_short_nor_too_long() -> None:
    assert read(slug="a", grace=60, min_runtime=59).settings["min_runtime"] == 59
    assert faults_of(slug="a", max_runtime=600, min_runtime=600) == [
        "min_runtime: is not less than max_runtime"
    ]
    without = "min_runtime: is not less than grace, the time that a run may take without max_runtime"
    assert faults_of(slug="a", min_runtime=3600) == [without]


def test_an_exit_status_is_a_success_or_ignored() -> None:
    check = read(slug="backup", success_exit_statuses=[3], ignored_exit_statuses=[75])
    assert check.settings["ignored_exit_statuses"] == (75,)
    [fault] = faults_of(slug="backup", success_exit_statuses=[3], ignored_exit_statuses=[3, 75])
    assert fault == "ignored_exit_statuses: has 3, which is a success"
