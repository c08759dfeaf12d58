from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.ping.target import Target, parse_run_id, parse_target, split_signal
from hcserver.errors import InvalidRequest, NotFound

ID = UUID("f0ae8b3a-6e2e-4b0c-9c7b-3f3a5a0d8d11")


@pytest.mark.parametrize(
    ("rest", "signal", "exit_status"),
    [
        ("", "success", None),
        ("/", "success", None),
        ("/start", "start", None),
        ("/fail", "fail", None),
        ("/log", "log", None),
        ("/0", "success", 0),
        ("/3", "fail", 3),
        ("/255", "fail", 255),
        ("/0000007", "fail", 7),
    ],
)
def test_a_path_says_check_signal_and_exit_status(rest: str, signal: str, exit_status: int | None) -> None:
    assert parse_target(f"/ping/{ID}{rest}") == Target(ID, "", "", signal, exit_status)  # type: ignore[arg-type]
    assert parse_target(f"/ping/{str(ID).upper()}{rest}").check == ID
    assert parse_target(f"/ping/key/job{rest}") == Target(None, "key", "job", signal, exit_status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "key",
        str(ID)[:-1],
        f"{ID}/nonsense",
        f"{ID}/start/1",
        "key/job/start/",
        "key/a b",
        "ä/job",
        "key//1",
    ],
)
def test_what_is_no_path_of_a_ping_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        parse_target(f"/ping/{path}")


@pytest.mark.parametrize("path", [f"{ID}/256", f"{ID}/99999999999999999999", "key/Job"])
def test_a_path_that_is_almost_right_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="invalid url format"):
        parse_target(f"/ping/{path}")


def test_a_signal_in_the_query_counts_where_the_path_has_none() -> None:
    assert parse_target(f"/ping/{ID}", "start").signal == "start"
    assert parse_target(f"/ping/{ID}/", "7").exit_status == 7
    assert parse_target(f"/ping/{ID}/fail", "start").signal == "fail"


@pytest.mark.parametrize(
    ("query", "rest", "signal"),
    [
        ("", "", ""),
        ("create=1", "create=1", ""),
        ("create=1/start", "create=1&", "start"),
        ("create=1/start?rid=x", "create=1&rid=x", "start"),
        ("a=b&rid=x/3&c=d", "a=b&rid=x&c=d", "3"),
        ("a=b/start", "a=b/start", ""),
        ("create=1/nonsense", "create=1/nonsense", ""),
    ],
)
def test_a_signal_behind_create_or_rid_is_found(query: str, rest: str, signal: str) -> None:
    assert split_signal(query) == (rest, signal)


def test_of_several_run_ids_the_last_counts() -> None:
    assert parse_run_id({}) is None
    assert parse_run_id({"rid": ["x", str(ID)]}) == ID
    with pytest.raises(InvalidRequest, match="invalid uuid format"):
        parse_run_id({"rid": [str(ID), ""]})


@given(st.text(), st.text())
def test_nothing_raises_anything_else(path: str, query: str) -> None:
    with suppress(NotFound, InvalidRequest):
        parse_target(f"/ping/{path}", split_signal(query)[1])
