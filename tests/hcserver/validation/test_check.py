from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hcserver.domain.check import Check
from hcserver.errors import InvalidRequest
from hcserver.validation.check import (
    MAX_EARLY,
    MAX_SECONDS,
    MIN_SECONDS,
    Spec,
    apply_spec,
    parse_spec,
    unique_matches,
    unique_values,
    with_tags,
)

CHECK = Check(
    id=UUID(int=1), project=UUID(int=2), created=datetime(2025, 1, 1, tzinfo=UTC), badge=UUID(int=3)
)
STRINGS = (
    "channels",
    "desc",
    "failure_kw",
    "methods",
    "name",
    "schedule",
    "slug",
    "start_kw",
    "subject",
    "subject_fail",
    "success_kw",
    "tags",
    "tz",
)
FREE_TEXTS = (
    "channels",
    "desc",
    "failure_kw",
    "name",
    "start_kw",
    "subject",
    "subject_fail",
    "success_kw",
    "tags",
)
NUMBERS = ("grace", "timeout")
BOOLEANS = (
    "filter_body",
    "filter_default_fail",
    "filter_http_body",
    "filter_subject",
    "kw_ignore_case",
    "kw_whole_word",
    "manual_resume",
)
SURROGATE = "\ud800"


def spec(version: int = 3, /, **data: object) -> Spec:
    return parse_spec(data, version)


def changed(check: Check, version: int = 3, /, **data: object) -> Check:
    return apply_spec(check, parse_spec(data, version))


def fault(data: dict[str, object]) -> str:
    with pytest.raises(InvalidRequest) as caught:
        parse_spec(data, 3)
    return str(caught.value).removeprefix("json validation error: ")


# --- types and limits


@pytest.mark.parametrize("name", STRINGS)
@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}])
def test_a_string_is_expected(name: str, value: object) -> None:
    assert fault({name: value}) == f"{name} is not a string"


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [None, "60", 60.0, True, [], float("nan")])
def test_a_number_is_expected(name: str, value: object) -> None:
    assert fault({name: value}) == f"{name} is not a number"


@pytest.mark.parametrize("name", BOOLEANS)
@pytest.mark.parametrize("value", [None, 1, 0, "true", []])
def test_a_boolean_is_expected(name: str, value: object) -> None:
    assert fault({name: value}) == f"{name} is not a boolean"


@pytest.mark.parametrize("value", [None, "name", {}, 1])
def test_unique_is_an_array(value: object) -> None:
    assert fault({"unique": value}) == "unique is not an array"


@pytest.mark.parametrize("item", ["surprise", "desc", None, 1, [], {}, "name "])
def test_unique_has_known_items_only(item: object) -> None:
    assert fault({"unique": ["name", item]}) == "an item in 'unique' has unexpected value"


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("name", 100),
        ("slug", 100),
        ("tags", 500),
        ("desc", 10_000),
        ("start_kw", 200),
        ("success_kw", 200),
        ("failure_kw", 200),
        ("subject", 200),
        ("subject_fail", 200),
    ],
)
def test_texts_that_are_too_long_are_refused(name: str, limit: int) -> None:
    assert spec(**{name: "x" * limit})
    assert fault({name: "x" * (limit + 1)}) == f"{name} is too long"


def test_lengths_count_characters_and_not_bytes() -> None:
    assert changed(CHECK, name="日" * 100).name == "日" * 100
    assert fault({"name": "日" * 101}) == "name is too long"


def test_a_schedule_has_at_most_100_characters() -> None:
    assert spec(schedule="* * * * *".ljust(100))
    assert fault({"schedule": "* * * * *".ljust(101)}) == "schedule is too long"


@pytest.mark.parametrize("name", NUMBERS)
def test_times_lie_between_a_minute_and_a_year(name: str) -> None:
    assert getattr(changed(CHECK, **{name: 60}), name) == 60
    assert getattr(changed(CHECK, **{name: 31_536_000}), name) == 31_536_000
    assert fault({name: 59}) == f"{name} is too small"
    assert fault({name: -(2**70)}) == f"{name} is too small"
    assert fault({name: 31_536_001}) == f"{name} is too large"
    assert fault({name: 2**70}) == f"{name} is too large"


@pytest.mark.parametrize("name", FREE_TEXTS)
@pytest.mark.parametrize("text", ["a\0b", SURROGATE, "\udfff tail"])
def test_what_cannot_be_stored_is_refused(name: str, text: str) -> None:
    assert fault({name: text}) == f"{name} contains characters that can't be stored"


@pytest.mark.parametrize("text", ["\0", SURROGATE])
def test_what_cannot_be_stored_is_no_slug_method_zone_or_schedule_either(text: str) -> None:
    assert fault({"slug": text}) == "slug does not match pattern"
    assert fault({"methods": text}) == "methods has unexpected value"
    assert fault({"tz": text}) == "tz is not a valid timezone"
    assert fault({"schedule": text}) == "schedule is not a valid cron or OnCalendar expression"
    assert fault({"unique": [text]}) == "an item in 'unique' has unexpected value"


@pytest.mark.parametrize("slug", ["Upper", "sp ace", "dot.", "ü", "line\n"])
def test_a_slug_has_lower_case_letters_digits_hyphens_and_underscores(slug: str) -> None:
    assert fault({"slug": slug}) == "slug does not match pattern"


@pytest.mark.parametrize("methods", ["GET", "post", "POST "])
def test_methods_is_empty_or_post(methods: str) -> None:
    assert fault({"methods": methods}) == "methods has unexpected value"
    assert changed(CHECK, methods="POST").methods == "POST"


def test_of_several_faults_the_alphabetically_first_is_named() -> None:
    data: dict[str, object] = {
        "tz": "?",
        "unique": 1,
        "timeout": 1,
        "manual_resume": 1,
        "name": 1,
        "channels": 1,
    }
    for name, text in [
        ("channels", "channels is not a string"),
        ("manual_resume", "manual_resume is not a boolean"),
        ("name", "name is not a string"),
        ("timeout", "timeout is too small"),
        ("tz", "tz is not a valid timezone"),
        ("unique", "unique is not an array"),
    ]:
        assert fault(data) == text
        del data[name]


def test_unknown_fields_are_ignored() -> None:
    assert changed(CHECK, id="x", project=1, status=None, n_pings=[], kind="cron", api_key=SURROGATE) == CHECK


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
ALL = (*STRINGS, *NUMBERS, *BOOLEANS, "unique")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(ALL), json_values), st.sampled_from([1, 2, 3]))
def test_any_request_is_refused_or_makes_a_check_that_can_be_stored(
    data: dict[str, object], version: int
) -> None:
    try:
        check = apply_spec(CHECK, parse_spec(data, version))
    except InvalidRequest as error:
        str(error).encode("utf-8")
        return
    json.dumps([check.name, check.desc, check.tags, check.slug], ensure_ascii=False).encode("utf-8")


# --- schedules


def test_a_timeout_makes_the_check_simple() -> None:
    check = changed(replace(CHECK, kind="cron"), timeout=300)
    assert (check.kind, check.timeout) == ("simple", 300)


@pytest.mark.parametrize(
    ("schedule", "kind"),
    [("15 5 * * *", "cron"), ("*-*~1 12:00", "oncalendar"), ("12:00\n18:00", "oncalendar")],
)
def test_a_schedule_makes_the_check_follow_it(schedule: str, kind: str) -> None:
    check = changed(CHECK, schedule=schedule)
    assert (check.kind, check.schedule, check.timeout) == (kind, schedule, CHECK.timeout)


def test_a_schedule_is_stored_verbatim() -> None:
    assert changed(CHECK, schedule=" 15  5 * * * ").schedule == " 15  5 * * * "


def test_a_schedule_wins_over_a_timeout() -> None:
    assert changed(CHECK, timeout=300, schedule="15 5 * * *").kind == "cron"


@pytest.mark.parametrize("schedule", ["", "@daily", "60 * * * *", "0 0 31 2 *", "*-02-30", "1999-12-31"])
def test_a_schedule_must_be_valid_and_elapse(schedule: str) -> None:
    assert fault({"schedule": schedule}) == "schedule is not a valid cron or OnCalendar expression"


def test_a_zone_alone_is_stored_and_changes_nothing_else() -> None:
    assert changed(CHECK, tz="Europe/Riga") == replace(CHECK, tz="Europe/Riga")


def test_a_legacy_zone_is_stored_under_todays_name() -> None:
    assert changed(CHECK, tz="Europe/Kiev").tz == "Europe/Kyiv"


@pytest.mark.parametrize("tz", ["", "../x", "Europe/Atlantis", "x" * 100_000])
def test_a_zone_must_exist(tz: str) -> None:
    assert fault({"tz": tz}) == "tz is not a valid timezone"


# --- slugs


def test_v3_leaves_the_slug_to_the_client() -> None:
    assert changed(CHECK, 3, name="Disk Backup").slug == ""
    assert changed(CHECK, 3, name="Disk Backup", slug="own").slug == "own"


@pytest.mark.parametrize("version", [1, 2])
def test_v1_and_v2_derive_the_slug_whenever_a_name_is_given(version: int) -> None:
    check = replace(CHECK, name="Disk Backup", slug="own")
    assert changed(check, version, name="Disk Backup").slug == "disk-backup"
    assert changed(check, version, tags="x").slug == "own"
    assert changed(check, version, name="!!!").slug == ""


@pytest.mark.parametrize("version", [1, 2])
def test_an_explicit_slug_wins_over_the_derived_one(version: int) -> None:
    assert changed(CHECK, version, name="Disk Backup", slug="own").slug == "own"
    assert changed(CHECK, version, name="Disk Backup", slug="").slug == ""


# --- keywords


def test_subject_sets_the_keywords_and_turns_the_filter_on() -> None:
    check = changed(CHECK, subject="OK", subject_fail="ERROR")
    assert (check.success_kw, check.failure_kw, check.filter_subject) == ("OK", "ERROR", True)


def test_an_empty_subject_turns_the_filter_off_if_no_keyword_is_left() -> None:
    check = changed(CHECK, subject="OK", subject_fail="ERROR")
    assert changed(check, subject="").filter_subject is True
    assert changed(check, subject="", subject_fail="").filter_subject is False
    assert changed(changed(check, subject=""), subject_fail="").filter_subject is False


def test_an_explicit_filter_and_explicit_keywords_win_over_subject() -> None:
    assert changed(CHECK, subject="OK", filter_subject=False).filter_subject is False
    assert changed(CHECK, subject="OK", success_kw="GOOD").success_kw == "GOOD"


def test_keywords_alone_leave_the_filter_as_it_is() -> None:
    assert changed(CHECK, success_kw="OK").filter_subject is False


# --- what is left alone


def test_an_empty_request_changes_nothing() -> None:
    assert changed(CHECK) == CHECK
    assert spec() == Spec(changes={}, given={})


def test_every_other_field_is_taken_as_given() -> None:
    data: dict[str, Any] = {
        "name": "Disk Backup",
        "tags": "prod  db ",
        "desc": "every\nnight",
        "grace": 600,
        "methods": "POST",
        "start_kw": "a, b",
        "slug": "a-b_1",
        **dict.fromkeys(BOOLEANS, True),
    }
    check = changed(CHECK, **data)
    assert {name: getattr(check, name) for name in data} == data


def test_channels_are_passed_on_as_sent() -> None:
    assert spec().channels is None
    assert spec(channels="").channels == ""
    assert spec(channels="*").channels == "*"
    assert spec(channels="a,b ").channels == "a,b "


# --- unique


def test_without_unique_no_check_matches() -> None:
    assert not unique_matches(spec(name=""), CHECK)
    assert not unique_matches(spec(name="", unique=[]), CHECK)


def test_all_named_fields_must_be_equal() -> None:
    check = replace(CHECK, name="a", tags="x y", timeout=60, grace=120, slug="s")
    every = {"name": "a", "tags": "x y", "timeout": 60, "grace": 120, "slug": "s"}
    assert unique_matches(spec(**every, unique=[*every]), check)
    for name, other in [("name", "A"), ("tags", "y x"), ("timeout", 61), ("grace", 121), ("slug", "t")]:
        assert not unique_matches(spec(**{**every, name: other}, unique=[*every]), check)


def test_fields_that_are_not_named_may_differ() -> None:
    assert unique_matches(spec(name="a", tags="new", unique=["name"]), replace(CHECK, name="a", tags="old"))


def test_a_named_field_that_is_missing_matches_nothing() -> None:
    assert not unique_matches(spec(name="", unique=["name", "tags"]), CHECK)
    assert unique_values(spec(name="", unique=["name", "tags"])) is None


@pytest.mark.parametrize("version", [1, 2])
def test_a_derived_slug_is_not_a_slug_that_was_given(version: int) -> None:
    check = replace(CHECK, name="A b", slug="a-b")
    assert not unique_matches(spec(version, name="A b", unique=["slug"]), check)
    assert unique_matches(spec(version, name="A b", slug="a-b", unique=["slug"]), check)


def test_a_named_field_given_twice_counts_once() -> None:
    assert spec(name="a", unique=["name", "name"]).unique == ("name",)


@given(st.sets(st.sampled_from(["name", "slug", "tags", "timeout", "grace"]), min_size=1), st.booleans())
def test_a_check_that_was_created_is_found_by_the_same_request(names: set[str], scheduled: bool) -> None:
    data: dict[str, object] = {
        "name": "A",
        "slug": "s",
        "tags": "t",
        "timeout": 60,
        "grace": 60,
        "unique": [*names],
    }
    if scheduled:
        data["schedule"] = "15 5 * * *"
    request = parse_spec(data, 3)
    assert unique_matches(request, apply_spec(CHECK, request))


def test_tags_are_added_behind_the_others_once_and_taken_away() -> None:
    check = with_tags(replace(CHECK, tags="a  b c"), ["d", "b", "d"], ["a", "x"])
    assert check.tags == "b c d"


def test_the_maximum_runtime_has_the_bounds_of_the_grace_time_or_is_0() -> None:
    for seconds in (0, MIN_SECONDS, MAX_SECONDS):
        assert parse_spec({"max_runtime": seconds}, 3).changes == {"max_runtime": seconds}
    for value, fault in (
        *((MIN_SECONDS - 1, "is too small"), (-1, "is too small"), (MAX_SECONDS + 1, "is too large")),
        *((None, "is not a number"), (True, "is not a number"), (60.0, "is not a number")),
    ):
        with pytest.raises(InvalidRequest, match=f"^json validation error: max_runtime {fault}$"):
            parse_spec({"max_runtime": value}, 3)


def test_the_minimum_runtime_has_at_most_72_hours() -> None:
    for seconds in (0, 1, 259_200):
        assert parse_spec({"min_runtime": seconds}, 3).changes == {"min_runtime": seconds}
    for value, fault in ((-1, "is too small"), (259_201, "is too large"), (None, "is not a number")):
        with pytest.raises(InvalidRequest, match=f"^json validation error: min_runtime {fault}$"):
            parse_spec({"min_runtime": value}, 3)


@pytest.mark.parametrize(
    ("before", "changes", "limit"),
    [
        ({}, {"min_runtime": 3600}, "grace, the time that a run may take without max_runtime"),
        ({"min_runtime": 600}, {"grace": 600}, "grace, the time that a run may take without max_runtime"),
        ({"min_runtime": 600}, {"max_runtime": 60}, "max_runtime"),
        ({"max_runtime": 600}, {"min_runtime": 600}, "max_runtime"),
        ({"max_runtime": 9000, "min_runtime": 8000}, {"max_runtime": 0}, "grace, the time"),
    ],
)
def test_a_run_can_be_neither_too_short_nor_too_long(
    before: dict[str, Any], changes: dict[str, object], limit: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"^json validation error: min_runtime is not less than {limit}"):
        apply_spec(replace(CHECK, **before), parse_spec(changes, 3))


def test_runtimes_that_go_together_are_taken() -> None:
    for changes in ({"min_runtime": 3599}, {"min_runtime": 9000, "max_runtime": 9001}, {"max_runtime": 60}):
        assert apply_spec(CHECK, parse_spec({**changes}, 3)) == replace(CHECK, **changes)


def test_a_report_may_come_up_to_a_day_early() -> None:
    for seconds in (0, 1, MAX_EARLY):
        for kind in ({"timeout": 60}, {"schedule": "0 2 * * *"}):
            assert parse_spec({"early": seconds, **kind}, 3).changes["early"] == seconds
    for value, fault in (
        *((-1, "is too small"), (MAX_EARLY + 1, "is too large")),
        *((None, "is not a number"), (True, "is not a number"), (60.0, "is not a number")),
    ):
        with pytest.raises(InvalidRequest, match=f"^json validation error: early {fault}$"):
            parse_spec({"early": value}, 3)


def test_an_exit_status_is_a_success_or_ignored() -> None:
    fault = "^json validation error: ignored_exit_statuses has 3, which is a success$"
    with pytest.raises(InvalidRequest, match=fault):
        parse_spec({"success_exit_statuses": [3, 24], "ignored_exit_statuses": [3]}, 3)
    check = replace(CHECK, success_exit_statuses=(3,))
    with pytest.raises(InvalidRequest, match=fault):
        apply_spec(check, parse_spec({"ignored_exit_statuses": [75, 3]}, 3))
    both = parse_spec({"success_exit_statuses": [], "ignored_exit_statuses": [3, 75]}, 3)
    assert apply_spec(check, both).ignored_exit_statuses == (3, 75)
    for value in ([0], [256], ["3"], [None]):
        with pytest.raises(InvalidRequest, match="'ignored_exit_statuses' has unexpected value"):
            parse_spec({"ignored_exit_statuses": value}, 3)
