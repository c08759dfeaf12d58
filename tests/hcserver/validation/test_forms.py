from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.validation.check import MAX_SECONDS, MIN_SECONDS, parse_spec
from hcserver.validation.forms import FormFaults, read_rules, read_schedule, schedule_form

DAILY = {"kind": "simple", "every": "1", "every_unit": "days", "grace": "30", "grace_unit": "minutes"}
CRON = {"kind": "cron", "cron": "15 3 * * *", "tz": "Europe/Berlin", "grace": "1", "grace_unit": "hours"}


def faults(form: dict[str, str]) -> dict[str, str]:
    with pytest.raises(FormFaults) as caught:
        read_schedule(form)
    return caught.value.faults


def test_a_period_in_units() -> None:
    assert read_schedule(DAILY) == {"timeout": 86_400, "grace": 1800}


def test_an_expression_with_its_zone() -> None:
    assert read_schedule(CRON) == {"schedule": "15 3 * * *", "tz": "Europe/Berlin", "grace": 3600}
    assert read_schedule({**CRON, "tz": ""})["tz"] == "UTC"
    lines = {**CRON, "kind": "oncalendar", "oncalendar": "Mon 10:00\nTue 11:00"}
    assert read_schedule(lines)["schedule"] == "Mon 10:00\nTue 11:00"


def test_only_the_fields_of_the_chosen_kind_are_looked_at() -> None:
    assert read_schedule({**CRON, **DAILY, "cron": "nonsense"}) == {"timeout": 86_400, "grace": 1800}


def test_every_fault_is_beside_its_field() -> None:
    assert faults({"kind": "simple", "every": "x", "grace": ""}) == {
        "every": "is not a whole number",
        "grace": "is not a whole number",
    }
    assert faults({**DAILY, "every": "30", "every_unit": "seconds"}) == {"every": "is too small"}
    assert faults({**DAILY, "every": "366"}) == {"every": "is too large"}
    assert faults({**DAILY, "every": "9" * 30}) == {"every": "is not a whole number"}
    assert faults({**CRON, "cron": "61 * * * *", "tz": "Nowhere"}) == {
        "cron": "is not a valid cron or OnCalendar expression",
        "tz": "is not a valid timezone",
    }
    assert faults({**CRON, "cron": "* " * 80}) == {"cron": "is too long"}


def test_an_expression_of_the_other_kind_is_a_fault() -> None:
    assert faults({**CRON, "cron": "Mon 10:00"}) == {"cron": "does not have five fields"}
    other = {**CRON, "kind": "oncalendar", "oncalendar": "15 3 * * *"}
    assert faults(other) == {"oncalendar": "is a cron expression"}


@given(st.integers(MIN_SECONDS, MAX_SECONDS), st.integers(MIN_SECONDS, MAX_SECONDS))
def test_a_form_says_what_the_check_has(timeout: int, grace: int) -> None:
    form = schedule_form("simple", timeout, "* * * * *", "UTC", grace)
    assert read_schedule(form) == {"timeout": timeout, "grace": grace}
    form = schedule_form("cron", timeout, "* * * * *", "Europe/Riga", grace)
    assert read_schedule(form) == {"schedule": "* * * * *", "tz": "Europe/Riga", "grace": grace}


def test_rules_are_boxes_and_keywords() -> None:
    fields = read_rules({"filter_subject": "on", "failure_kw": "error, failed"})
    assert fields == {
        "filter_subject": True,
        "filter_body": False,
        "filter_http_body": False,
        "filter_default_fail": False,
        "kw_ignore_case": False,
        "kw_whole_word": False,
        "failure_kw": "error, failed",
        "success_kw": "",
        "start_kw": "",
    }
    assert parse_spec(fields, 3).changes == fields


def test_faults_of_keywords() -> None:
    with pytest.raises(FormFaults) as caught:
        read_rules({"failure_kw": "x" * 201, "start_kw": "\0"})
    assert caught.value.faults == {
        "failure_kw": "is too long",
        "start_kw": "contains characters that can't be stored",
    }


def test_exit_statuses_are_numbers_with_commas_or_blanks_between_them() -> None:
    fields = read_rules({"success_exit_statuses": " 24,3 ,\t3,"})
    assert parse_spec(fields, 3).changes["success_exit_statuses"] == (3, 24)
    assert read_rules({"success_exit_statuses": ""})["success_exit_statuses"] == []
    for text in ("0", "256", "3;4", "-1", "three", "9" * 5000, "\u0663"):
        with pytest.raises(FormFaults) as caught:
            read_rules({"success_exit_statuses": text})
        fault = "has something else than whole numbers from 1 to 255"
        assert caught.value.faults == {"success_exit_statuses": fault}


def test_an_exit_status_that_is_a_success_can_not_be_ignored() -> None:
    fields = read_rules({"success_exit_statuses": "3", "ignored_exit_statuses": "75, 99"})
    assert (fields["success_exit_statuses"], fields["ignored_exit_statuses"]) == ([3], [75, 99])
    with pytest.raises(FormFaults) as caught:
        read_rules({"success_exit_statuses": "3 24", "ignored_exit_statuses": "75 24"})
    assert caught.value.faults == {"ignored_exit_statuses": "has 24, which is a success"}
    assert "ignored_exit_statuses" not in read_rules({"success_exit_statuses": "3"})


def test_how_early_a_report_may_come_is_read_for_schedules_alone() -> None:
    nightly = {"kind": "cron", "cron": "0 2 * * *", "grace": "10", "early": "5"}
    assert read_schedule(nightly)["early"] == 300
    for none in ("", "0"):
        assert read_schedule({**nightly, "early": none})["early"] == 0
    assert "early" not in read_schedule({**DAILY, "early": "five"})
    assert faults({**nightly, "early": "25", "early_unit": "hours"}) == {"early": "is too large"}
    form = schedule_form("cron", 3600, "0 2 * * *", "UTC", 60, early=90)
    assert (form["early"], form["early_unit"]) == ("90", "seconds")
    assert read_schedule(form)["early"] == 90


def test_an_empty_maximum_runtime_is_none() -> None:
    two_hours = {**DAILY, "max_runtime": "2", "max_runtime_unit": "hours"}
    assert read_schedule(two_hours)["max_runtime"] == 7200
    for none in ("", "0"):
        assert read_schedule({**two_hours, "max_runtime": none})["max_runtime"] == 0
    assert "max_runtime" not in read_schedule(DAILY)
    assert faults({**two_hours, "max_runtime_unit": "seconds"}) == {"max_runtime": "is too small"}
    assert faults({**two_hours, "max_runtime": "-1"}) == {"max_runtime": "is not a whole number"}
    form = schedule_form("simple", 3600, "* * * * *", "UTC", 60, 5400)
    assert (form["max_runtime"], form["max_runtime_unit"]) == ("90", "minutes")
    assert read_schedule(form)["max_runtime"] == 5400


def test_a_minimum_runtime_is_shorter_than_a_run_may_take() -> None:
    least = {**DAILY, "min_runtime": "5", "min_runtime_unit": "seconds"}
    assert read_schedule(least)["min_runtime"] == 5
    assert read_schedule({**least, "min_runtime": ""})["min_runtime"] == 0
    assert "min_runtime" not in read_schedule(DAILY)
    too_long = {**least, "min_runtime": "2", "min_runtime_unit": "days"}
    assert faults(too_long) == {"min_runtime": "is not shorter than a run may take"}
    assert (
        read_schedule({**too_long, "max_runtime": "3", "max_runtime_unit": "days"})["min_runtime"] == 172_800
    )
    assert faults({**least, "min_runtime": "x"}) == {"min_runtime": "is not a whole number"}
    form = schedule_form("simple", 3600, "* * * * *", "UTC", 600, min_runtime=300)
    assert (form["min_runtime"], form["min_runtime_unit"], "max_runtime" in form) == ("5", "minutes", False)
    assert read_schedule(form)["min_runtime"] == 300
