from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcserver.errors import InvalidRequest
from hcserver.validation import json_fields

SURROGATE = "\ud800"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
READERS: dict[str, json_fields.Reader] = {
    "boolean": json_fields.boolean,
    "choice": json_fields.choice("a", "b"),
    "choices": json_fields.choices("a", "b"),
    "identifiers": json_fields.identifiers(2, 5),
    "integer": json_fields.integer(1, 10),
    "line": json_fields.line(5),
    "moment": json_fields.moment,
    "pattern": json_fields.pattern("[a-z]*", 5),
    "schedule": json_fields.schedule,
    "text": json_fields.text(5),
    "tz": json_fields.tz,
    "uuid": json_fields.uuid,
}


def read(reader: json_fields.Reader, value: object) -> Any:
    return json_fields.parse({"m": value}, {"m": reader})["m"]


def fault(reader: json_fields.Reader, value: object) -> str:
    with pytest.raises(InvalidRequest) as caught:
        read(reader, value)
    prefix, _, text = str(caught.value).partition("json validation error: ")
    assert prefix == ""
    assert json_fields.without_prefix(caught.value) == text
    return text


def test_unknown_fields_are_ignored_and_missing_ones_left_out() -> None:
    readers = {"a": json_fields.boolean, "b": json_fields.boolean}
    assert json_fields.parse({"a": True, "c": object()}, readers) == {"a": True}


def test_of_several_faults_the_alphabetically_first_is_named() -> None:
    readers = {"z": json_fields.boolean, "b": json_fields.string, "a": json_fields.boolean}
    with pytest.raises(InvalidRequest, match=r"^json validation error: b is not a string$"):
        json_fields.parse({"z": 1, "b": 1, "a": True}, readers)


@given(value=ANYTHING, name=st.sampled_from(sorted(READERS)))
@settings(max_examples=300, deadline=None)
def test_any_value_is_read_or_refused(value: object, name: str) -> None:
    try:
        read(READERS[name], value)
    except InvalidRequest as error:
        assert str(error).startswith("json validation error: ")
        str(error).encode()


@pytest.mark.parametrize("value", [None, "1", 1.0, True, [], float("nan")])
def test_only_whole_numbers_are_numbers(value: object) -> None:
    assert fault(json_fields.integer(0, 10), value) == "m is not a number"


@pytest.mark.parametrize(
    ("value", "expected"), [(4, "too small"), (-1, "too small"), (11, "too large"), (0, "too small")]
)
def test_a_number_lies_in_its_range(value: int, expected: str) -> None:
    assert fault(json_fields.integer(5, 10), value) == f"m is {expected}"
    assert [read(json_fields.integer(5, 10), fits) for fits in (5, 10)] == [5, 10]


def test_zero_can_be_allowed_outside_the_range() -> None:
    reader = json_fields.integer(60, 100, or_zero=True)
    assert [read(reader, fits) for fits in (0, 60)] == [0, 60]
    assert [fault(reader, wrong) for wrong in (1, 59, -1)] == ["m is too small"] * 3
    assert fault(reader, False) == "m is not a number"


@pytest.mark.parametrize("value", ["a\nb", "a\tb", "\x1b[0m", "\x7f"])
def test_a_line_has_printable_characters_only(value: str) -> None:
    assert fault(json_fields.line(10), value) == "m contains characters that can't be printed"


@pytest.mark.parametrize("value", ["\0", SURROGATE])
@pytest.mark.parametrize("reader", [json_fields.text(10), json_fields.line(10)], ids=["text", "line"])
def test_text_that_can_not_be_stored_is_refused(reader: json_fields.Reader, value: str) -> None:
    assert fault(reader, value) == "m contains characters that can't be stored"


def test_the_length_of_a_text_is_limited_in_characters() -> None:
    for reader in (json_fields.text(3), json_fields.line(3)):
        assert read(reader, "äöü") == "äöü"
        assert fault(reader, "äöü.") == "m is too long"
    assert read(json_fields.text(), "x" * 100_000) == "x" * 100_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "m is not an object"),
        (["a"], "m is not an object"),
        ({"a": 1}, "m.a is not a string"),
        ({"b": None, "a": "\0"}, "m.a contains characters that can't be stored"),
        ({"": "x"}, "m has a member whose name does not match pattern"),
        ({"a\nb": "x"}, "m has a member whose name does not match pattern"),
        ({"x" * 31: "x"}, "m has a member whose name does not match pattern"),
        ({SURROGATE: "x"}, "m has a member whose name does not match pattern"),
    ],
)
def test_the_members_of_an_object_are_texts_with_short_names(value: object, expected: str) -> None:
    assert fault(json_fields.texts, value) == expected
    assert read(json_fields.texts, {"up_url": "x\ny", "b": ""}) == {"up_url": "x\ny", "b": ""}


@pytest.mark.parametrize("value", [None, "a", {}, 1])
def test_choices_are_an_array(value: object) -> None:
    assert fault(json_fields.choices("a"), value) == "m is not an array"


@pytest.mark.parametrize("value", [["c"], ["a", 1], [None], [["a"]], ["A"]])
def test_choices_are_all_known(value: object) -> None:
    assert fault(json_fields.choices("a", "b"), value) == "an item in 'm' has unexpected value"


def test_choices_count_once_and_may_be_none() -> None:
    assert read(json_fields.choices("a", "b"), ["b", "a", "b"]) == ("b", "a")
    assert read(json_fields.choices("a", "b"), []) == ()


def test_a_uuid_has_its_usual_form_in_either_case() -> None:
    id = UUID("6837d6ec-fc08-4da5-a67f-08a9ed1ccf62")
    assert read(json_fields.uuid, str(id)) == read(json_fields.uuid, str(id).upper()) == id
    for wrong in (id.hex, f"{{{id}}}", f"urn:uuid:{id}", f"{id}\n", "", "x"):
        assert fault(json_fields.uuid, wrong) == "m is not a uuid"
    assert fault(json_fields.uuid, 1) == "m is not a string"


@pytest.mark.parametrize(
    "value",
    [
        "2030-01-31T18:00:00Z",
        "2030-01-31t18:00:00z",
        "2030-01-31 18:00:00Z",
        "2030-01-31T18:00Z",
        "2030-01-31T20:00:00+02:00",
        "2030-01-31T12:30:00.000-05:30",
        1_896_112_800,
    ],
)
def test_a_moment_is_given_with_its_offset_or_in_unix_time(value: object) -> None:
    at = read(json_fields.moment, value)
    assert at == datetime(2030, 1, 31, 18, tzinfo=UTC)
    assert at.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "2030-01-31T18:00:00",
        "2030-01-31",
        "20300131T180000Z",
        "2030-W05-4T18:00:00Z",
        "2030-02-30T18:00:00Z",
        "2030-01-31T25:00:00Z",
        "2030-01-31T18:00:00+25:00",
        "2030-01-31T18:00:00Z\n",
        "2030-01-31T18:00:00,5Z",
        "٢٠٣٠-01-31T18:00:00Z",
        "1896112800",
        "",
        None,
        1.5,
        True,
        [],
    ],
)
def test_the_error_for_a_faulty_moment_has_an_example(value: object) -> None:
    assert (
        fault(json_fields.moment, value) == "m is not a moment such as 2030-01-31T18:00:00Z, nor a UNIX time"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-1, "too small"),
        (10_000_000_001, "too large"),
        ("1969-12-31T23:59:59Z", "too small"),
        ("0001-01-01T00:00:00+14:00", "too small"),
        ("9999-12-31T23:59:59-14:00", "too large"),
    ],
)
def test_a_moment_lies_between_1970_and_2286(value: object, expected: str) -> None:
    assert fault(json_fields.moment, value) == f"m is {expected}"
    assert read(json_fields.moment, 0) == datetime(1970, 1, 1, tzinfo=UTC)


@given(
    at=st.datetimes(datetime(1971, 1, 1), datetime(2280, 1, 1)),  # noqa: DTZ001 - the zone comes below
    minutes=st.integers(-14 * 60, 14 * 60),
)
@settings(max_examples=100)
def test_a_moment_is_cut_to_milliseconds(at: datetime, minutes: int) -> None:
    given = at.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = read(json_fields.moment, given.isoformat(timespec="microseconds"))
    assert timedelta() <= given - found < timedelta(milliseconds=1)
    assert found.microsecond % 1000 == 0


def test_a_title_is_a_line_that_is_not_blank() -> None:
    read = json_fields.title(5)
    assert read("name", " Lab") == " Lab"
    for name, problem in (("", "empty"), ("  ", "empty"), ("123456", "too long")):
        with pytest.raises(InvalidRequest, match=f"^json validation error: name is {problem}$"):
            read("name", name)


def test_integers_are_in_order_and_each_once() -> None:
    read = json_fields.integers(1, 255)
    assert read("statuses", [24, 3, 255, 3]) == (3, 24, 255)
    assert read("statuses", []) == ()
    for value in ("3", 3, None, {"3": 3}):
        with pytest.raises(InvalidRequest, match=r"^json validation error: statuses is not an array$"):
            read("statuses", value)
    for item in (0, 256, -1, True, 3.0, "3", None, [3], 10**30):
        with pytest.raises(InvalidRequest, match=r"an item in 'statuses' has unexpected value$"):
            read("statuses", [3, item])


def test_identifiers_are_few_short_and_each_once() -> None:
    read = json_fields.identifiers(3, 5)
    assert read("others", ["b", "a", "b"]) == ("b", "a")
    assert read("others", ("12345",)) == ("12345",)
    for value, problem in (
        *(("a", "others is not an array"), (None, "others is not an array")),
        (["a"] * 4, "others has more than 3 items"),
        *(([item], "an item in 'others' has unexpected value") for item in ("", "123456", 7, None)),
    ):
        with pytest.raises(InvalidRequest, match=f"^json validation error: {problem}$"):
            read("others", value)
