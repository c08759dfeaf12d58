from __future__ import annotations

from pathlib import Path

import pytest

from hcserver.errors import HcError, InvalidRequest
from hcserver.services.importing.cronitor import read_cronitor
from hcserver.services.importing.source import Source, SourceCheck
from hcserver.validation.check import parse_spec


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cronitor.yaml"


def read(file: Path, text: str) -> Source:
    file.write_text(text)
    return read_cronitor(file)


def only(file: Path, text: str) -> SourceCheck:
    (one,) = read(file, text).checks
    return one


JOB = """
jobs:
    Nightly-Backup:
        name: Nightly backup
        schedule: 0 0 * * *
        timezone: Europe/Riga
        grace_seconds: 300
        failure_tolerance: 2
        tags: [db, prod env]
        group: backups
        note: Every night
        notify: [default, 'slack:devops', pager]
        assertions:
            - metric.duration < 5 minutes
            - metric.duration >= 10 sec
"""


def test_a_job_becomes_a_check(file: Path) -> None:
    source = read(file, JOB)
    (one,) = source.checks
    assert (one.id, one.paused) == (None, False)
    assert one.address == "https://cronitor.link/p/API_KEY/Nightly-Backup"
    assert one.fields == {
        "name": "Nightly backup",
        "slug": "nightly-backup",
        "tags": "db prod-env backups",
        "desc": "Every night",
        "schedule": "0 0 * * *",
        "tz": "Europe/Riga",
        "grace": 300,
        "failures_before_alert": 3,
        "max_runtime": 300,
        "min_runtime": 10,
    }
    assert parse_spec(dict(one.fields), 3)
    assert one.channels == source.channels == ("devops", "pager")
    assert source.warnings == ()


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("every 10 minutes", 600),
        ("every 1 hour", 3600),
        ("every day", 86400),
        ("2 weeks", 1209600),
        ("Every 30 seconds", 60),
    ],
)
def test_an_interval_becomes_a_period(file: Path, schedule: str, seconds: int) -> None:
    one = only(file, f"heartbeats:\n  beat:\n    schedule: {schedule}\n")
    assert (one.fields["name"], one.fields["timeout"]) == ("beat", seconds)
    assert "schedule" not in one.fields
    assert one.channels is None


def test_one_schedule_may_stand_in_a_list_and_several_are_none_of_ours(file: Path) -> None:
    one = only(file, "jobs: {a: {schedules: ['5 4 * * *']}}")
    assert one.fields["schedule"] == "5 4 * * *"
    several = only(file, "jobs: {a: {schedules: ['5 4 * * *', '5 6 * * *']}}")
    with pytest.raises(InvalidRequest, match="schedule is not a valid"):
        parse_spec(dict(several.fields), 3)


def test_without_a_schedule_a_report_is_expected_once_a_year(file: Path) -> None:
    source = read(
        file, "heartbeats:\n  deploy:\n    notify: {alerts: [deploys], events: true}\n  other: {}\n"
    )
    assert [one.fields["timeout"] for one in source.checks] == [31536000, 31536000]
    assert source.checks[0].channels == ("deploys",)
    assert source.warnings == ("without a schedule a check is expected to report once a year: deploy, other",)


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [
        ("metric.duration <= 2 min", {"max_runtime": 120}),
        ("metric.duration < 30 seconds", {"max_runtime": 60}),
        ("Metric.Duration > 1 hour", {"min_runtime": 3600}),
        ("metric.duration < 0.5 hours", {}),
        ("metric.count > 10", {}),
    ],
)
def test_assertions_on_the_duration_become_runtimes(
    file: Path, assertion: str, expected: dict[str, int]
) -> None:
    source = read(file, f"jobs: {{a: {{schedule: every hour, assertions: ['{assertion}']}}}}")
    (one,) = source.checks
    found = {name: value for name, value in one.fields.items() if name.endswith("runtime")}
    assert found == expected
    left_out = "assertions other than a whole metric.duration are left out: a"
    assert source.warnings == (() if expected else (left_out,))


def test_checks_of_websites_are_counted(file: Path) -> None:
    source = read(file, "checks: {home: {request: {url: 'https://example.org'}}}\njobs: {}\nheartbeats:\n")
    assert source.checks == ()
    assert source.warnings == (
        "monitors that are checks, for which Cronitor makes requests itself, are left out: 1",
    )


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_a_monitor_that_is_paused_stays_so(file: Path, state: str) -> None:
    assert only(file, f"jobs: {{a: {{schedule: every hour, {state}: true}}}}").paused


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [", "is no valid YAML"),
        ("\x00", "is no valid YAML"),
        ("a: 2020-99-99", "is no valid YAML"),
        ("jobs: !!python/object/apply:os.getcwd []", "is no valid YAML"),
        ("", "has none of the sections"),
        ("[]", "has none of the sections"),
        ("monitors: {}", "has none of the sections"),
        ("jobs: []", "jobs: Expected `object | null`, got `array`"),
        ("jobs: {a: {grace_seconds: x}}", "jobs: Expected `int | null`, got `str`"),
        ("jobs: {a: 5}", "jobs: Expected `object`, got `int`"),
    ],
)
def test_a_faulty_file_is_a_clear_fault(file: Path, text: str, fault: str) -> None:
    file.write_text(text)
    with pytest.raises(HcError) as caught:
        read_cronitor(file)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_a_clear_fault(file: Path) -> None:
    with pytest.raises(HcError, match="No such file or directory"):
        read_cronitor(file)
