from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hcserver.declaration.faults import Faults
from hcserver.declaration.read_window import FIELDS, as_sent, read_window
from hcserver.declaration.tables import parse
from hcserver.validation.window import SCHEMA


def read(toml: str) -> Any:
    faults = Faults()
    window = read_window(parse(toml.encode()), faults)
    assert faults.texts == []
    assert window is not None
    return window


def faults_of(toml: str) -> list[str]:
    faults = Faults()
    assert read_window(parse(toml.encode()), faults) is None
    return faults.texts


def test_every_setting_of_a_window_can_be_declared() -> None:
    assert set(FIELDS) == SCHEMA["properties"].keys() - {"name"}


def test_a_window_that_is_open_once_has_moments_of_toml_or_texts() -> None:
    start, end = datetime(2030, 1, 31, 18, tzinfo=UTC), datetime(2030, 2, 1, 4, tzinfo=UTC)
    for written in ("2030-01-31T18:00:00Z", '"2030-01-31T20:00+02:00"'):
        window = read(f'name = "Move"\ncheck = "backup"\nstart = {written}\nend = 2030-02-01T06:00:00+02:00')
        assert window.settings == {"check": "backup", "start": start, "end": end}
        assert (window.name, window.check) == ("Move", "backup")
    assert as_sent(window.settings)["start"] == "2030-01-31T18:00:00+00:00"


def test_a_recurring_window_is_in_utc_unless_it_says_otherwise() -> None:
    window = read('name = "Updates"\ntag = "prod"\nschedule = "Sun 03:00"\nminutes = 90')
    assert window.settings == {"tag": "prod", "schedule": "Sun 03:00", "tz": "UTC", "minutes": 90}


def test_a_window_that_is_over_can_be_declared() -> None:
    assert read('name = "Old"\nstart = 2020-01-01T00:00:00Z\nend = 2020-01-02T00:00:00Z').name == "Old"


@pytest.mark.parametrize(
    ("toml", "problems"),
    [
        ('schedule = "daily"\nminutes = 9', ["name: is missing: it says which window is meant"]),
        ('name = "w"', [": start and end are missing, or schedule and minutes"]),
        ('name = "w"\nschedule = "daily"', [": minutes is missing"]),
        (
            'name = "w"\nstart = 2030-01-01T00:00:00Z\nend = 2029-01-01T00:00:00Z',
            [": end is not after start"],
        ),
        (
            'name = "w"\nstart = 2030-01-01T00:00:00\nend = 2030-01-01',
            [
                "start: is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time",
                "end: is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time",
            ],
        ),
        (
            'name = "w"\nschedule = "daily"\nminutes = 0\ncheck = 3\nday = 1',
            [
                "day: is unknown: expected name, check, tag, start, end, schedule, tz, minutes",
                "minutes: is too small",
                "check: is not the slug of a check",
            ],
        ),
        (
            'name = "w"\nschedule = "daily"\nminutes = 9\ncheck = "a"\ntag = "b"',
            ["check: does not go together with tag"],
        ),
        ('name = "w"\nschedule = "daily"\nminutes = 9\ncheck = ""', ["check: is not the slug of a check"]),
    ],
)
def test_faults_name_the_field(toml: str, problems: list[str]) -> None:
    assert faults_of(toml) == [problem.removeprefix(": ") for problem in problems]
