from __future__ import annotations

import pytest

from hcserver.declaration.faults import Faults
from hcserver.declaration.tables import (
    names,
    parse,
    require_known,
    require_unique,
    tables,
    text_or_variable,
)
from hcserver.errors import InvalidRequest


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = ", "no TOML that could be read: Invalid value (at end of document)"),
        (b"a = 1\nb = ?\n", "Invalid value (at line 2, column 5)"),
        (b"a = " + b"[" * 100_000, "no TOML that could be read"),
        (b"a = 1" + b"0" * 5000, "no TOML that could be read"),
        (b"a = '\xff'", "not encoded in UTF-8"),
    ],
    ids=["no value", "no value in line 2", "deep", "long number", "no UTF-8"],
)
def test_what_is_no_toml_is_an_error_that_says_where(content: bytes, said: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse(content)
    assert said in str(raised.value)


def test_unknown_keys_are_noted() -> None:
    faults = Faults("projects[0]")
    require_known({"name": 1, "nmae": 2, "\x1b": 3}, ("name", "slug"), faults)
    assert faults.texts == [
        "projects[0].nmae: is unknown: expected name, slug",
        "projects[0].'\\x1b': is unknown: expected name, slug",
    ]


def test_only_tables_are_taken_from_an_array_of_tables() -> None:
    faults = Faults()
    found = list(tables({"checks": [{"slug": "a"}, 3, {"slug": 4}]}, "checks", "slug", faults))
    assert [(table, below.place) for table, below in found] == [
        ({"slug": "a"}, "checks[0]"),
        ({"slug": 4}, "checks[2]"),
    ]
    assert list(tables({"checks": {"slug": "a"}}, "checks", "slug", faults)) == []
    assert list(tables({}, "checks", "slug", faults)) == []
    assert faults.texts == ["checks[1]: is not a table", "checks: is not an array of tables"]


def test_of_the_same_identity_the_first_one_is_named() -> None:
    faults = Faults()
    require_unique([("checks[0]", "a"), ("checks[1]", "b"), ("checks[2]", "a")], "slug", faults)
    require_unique([("projects[0]", "k"), ("projects[1]", "k")], "ping_key", faults, secret=True)
    assert faults.texts == [
        "checks[2].slug: is that of checks[0], too (a)",
        "projects[1].ping_key: is that of projects[0], too",
    ]


@pytest.mark.parametrize(
    ("value", "found"), [(["b", "a", "b"], ("b", "a")), ([], ()), ("a", None), ([1], None), (None, None)]
)
def test_names_are_an_array_of_texts(value: object, found: object) -> None:
    assert names(value) == found


def test_a_text_may_be_given_by_a_variable() -> None:
    faults = Faults()
    assert text_or_variable("plain", "target", {}, faults) == "plain"
    assert text_or_variable({"env": "X"}, "target", {"X": "value"}, faults) == "value"
    assert faults.texts == []


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"env": "X"}, "the environment variable X is not set"),
        ({"env": "\x1b"}, "the environment variable '\\x1b' is not set"),
        ({"env": 3}, 'is neither a text nor a reference such as { env = "NAME" }'),
        ({"env": "Y", "default": ""}, 'is neither a text nor a reference such as { env = "NAME" }'),
        ({}, 'is neither a text nor a reference such as { env = "NAME" }'),
        ({"env": "BAD"}, "contains characters that can't be stored"),
        (3, "is not a string"),
        (["a"], "is not a string"),
    ],
)
def test_another_value_is_noted(value: object, problem: str) -> None:
    faults = Faults()
    assert text_or_variable(value, "target", {"Y": "y", "BAD": "s3cret\udcff"}, faults) is None
    assert faults.texts == [f"target: {problem}"]
