from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.declaration.read_channel import FIELDS as CHANNEL_FIELDS
from hcserver.declaration.read_check import FIELDS as CHECK_FIELDS
from hcserver.declaration.read_file import read_file
from hcserver.declaration.read_window import FIELDS as WINDOW_FIELDS
from hcserver.declaration.toml_text import table
from hcserver.errors import InvalidRequest
from tests.hcserver.declaration.test_toml_text import VALUES

KEY = "abcdefghijklmnopqrstuv"
LAB = "[[projects]]\nname = 'Lab'\n"


def faults_of(toml: str, **environment: str) -> list[str]:
    with pytest.raises(InvalidRequest) as raised:
        read_file(toml.encode(), environment)
    return str(raised.value).splitlines()


def test_a_file_declares_projects_in_its_order() -> None:
    lab, other = read_file(
        b"""
        [[projects]]
        name = "Lab"
        ping_key = { env = "LAB_KEY" }
        checks_limit = 7

        [[projects.checks]]
        slug = "b"

        [[projects.checks]]
        slug = "a"

        [[projects]]
        name = "Other"
        """,
        {"LAB_KEY": KEY},
    )
    assert (lab.name, lab.ping_key, lab.checks_limit, lab.pings_limit) == ("Lab", KEY, 7, 0)
    assert [check.place for check in lab.checks] == ["projects[0].checks[0]", "projects[0].checks[1]"]
    assert [check.slug for check in lab.checks] == ["b", "a"]
    assert (other.name, other.ping_key, other.channels, other.windows) == ("Other", None, (), ())


def test_all_faults_of_a_file_are_reported_at_once() -> None:
    assert faults_of(
        f"""
        [[projects]]
        name = "Lab"
        ping_key = "{KEY}"
        pings_limit = 1001
        checks = [{{ slug = "a" }}, {{ slug = "b", timeout = 1 }}, {{ slug = "a" }}]
        channels = [{{ name = "ops", kind = "email", target = {{ env = "OPS" }} }}]

        [[projects]]
        nmae = "Other"

        [[projects]]
        name = "Lab"
        ping_key = "{KEY}"
        windows = [{{ name = "w" }}]

        [[project]]
        name = "Third"
        """
    ) == [
        "project: is unknown: expected projects",
        "projects[0].pings_limit: is too large (Lab)",
        "projects[0].channels[0].target: the environment variable OPS is not set (ops)",
        "projects[0].checks[1].timeout: is too small (b)",
        "projects[0].checks[2].slug: is that of projects[0].checks[0], too (a)",
        "projects[1].nmae: is unknown: expected "
        "name, ping_key, checks_limit, pings_limit, channels, checks, windows",
        "projects[1].name: is missing: it says which project is meant",
        "projects[2].windows[0]: start and end are missing, or schedule and minutes (w)",
        "projects[2].name: is that of projects[0], too (Lab)",
        "projects[2].ping_key: is that of projects[0], too",
    ]


@pytest.mark.parametrize("toml", ["", "projects = []"])
def test_a_file_without_projects_is_refused(toml: str) -> None:
    assert faults_of(toml) == ["the file declares no projects: expected [[projects]]"]


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("projects = 3", "projects: is not an array of tables"),
        ("[projects]\nname = 'Lab'", "projects: is not an array of tables"),
        ("[[projects]]\nname = ''", "projects[0].name: is empty"),
        ("[[projects]]\nname = 7", "projects[0].name: is not a string"),
        (LAB + "checks = 3", "projects[0].checks: is not an array of tables (Lab)"),
        (LAB + "ping_key = 'short'", "projects[0].ping_key: has fewer than 16 characters (Lab)"),
        (LAB + "ping_key = 'with blanks in it'", "projects[0].ping_key: does not match pattern (Lab)"),
        (
            LAB + "ping_key = '5e7a5a52-6a0e-4c64-8d4b-5a9c2f5c6d10'",
            "projects[0].ping_key: is a uuid (Lab)",
        ),
        (LAB + "ping_key = 3", "projects[0].ping_key: is not a string (Lab)"),
    ],
)  # fmt: skip
def test_a_fault_names_its_place(toml: str, problem: str) -> None:
    assert faults_of(toml) == [problem]


def tables(*keys: str) -> st.SearchStrategy[Any]:
    """Arrays of tables with these keys and any values, or anything else."""
    one = st.dictionaries(st.sampled_from([*keys, "x"]), VALUES, max_size=4)
    return st.lists(one, max_size=2) | VALUES


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": VALUES,
            "ping_key": VALUES,
            "checks_limit": VALUES,
            "channels": tables("name", "kind", "target", "fields", "channels", *CHANNEL_FIELDS),
            "checks": tables("slug", "channels", *CHECK_FIELDS),
            "windows": tables("name", *WINDOW_FIELDS),
        },
    )
)
def test_whatever_a_file_has_in_it_is_a_fault_at_worst(project: dict[str, Any]) -> None:
    with suppress(InvalidRequest):
        read_file(table("projects", project).encode(), {})


@given(st.binary(max_size=40))
def test_whatever_stands_in_place_of_a_file_is_a_fault_at_worst(content: bytes) -> None:
    with suppress(InvalidRequest):
        read_file(content, {})
