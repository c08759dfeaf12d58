from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.declaration.toml_text import comment, key, table, value

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))]))
SCALARS = st.one_of(TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), MOMENTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_a_table_is_read_as_it_was_written(content: dict[str, Any]) -> None:
    written = table("projects", content) + "\n" + table("projects", content)
    assert tomllib.loads(written) == {"projects": [content, content]}


@given(st.lists(st.text()))
def test_comments_say_nothing_to_programs(lines: list[str]) -> None:
    assert tomllib.loads(comment(lines)) == {}


def test_values_are_on_one_line_and_easy_to_read() -> None:
    moment = datetime(2030, 1, 31, 18, tzinfo=UTC)
    assert table("a.b", {"text": 'é "x"\n\x7f', "on": True, "n": 3, "at": moment}).splitlines() == [
        "[[a.b]]",
        r'text = "é \"x\"\n\u007f"',
        "on = true",
        "n = 3",
        "at = 2030-01-31T18:00:00Z",
    ]
    assert value(("a", "b")) == '["a", "b"]'
    assert value({"env": "X", "": 1}) == '{ env = "X", "" = 1 }'
    assert (value({}), key("a-b_3"), key("ä")) == ("{}", "a-b_3", '"ä"')


def test_a_comment_has_no_line_ends_of_its_own() -> None:
    assert comment(["a\nb = 1", "", "é"]) == "# a\\nb = 1\n#\n# é\n"


@pytest.mark.parametrize("content", [1.5, None, object()])
def test_what_toml_does_not_have_is_refused(content: object) -> None:
    with pytest.raises(TypeError, match="TOML has no "):
        value(content)
