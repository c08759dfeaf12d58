from __future__ import annotations

from uuid import UUID

import pytest

from handlers.ping.target import Target, parse_run_id, parse_target, split_signal
from hcserver.errors import InvalidRequest, NotFound

ID = "11111111-2222-4333-8444-5555aaaabbbb"


@pytest.mark.parametrize(
    ("rest", "signal", "exit_status"),
    [
        ("", "success", None),
        ("/", "success", None),
        ("/start", "start", None),
        ("/fail", "fail", None),
        ("/log", "log", None),
        ("/0", "success", 0),
        ("/1", "fail", 1),
        ("/0255", "fail", 255),
    ],
)
def test_the_path_says_which_check_and_which_signal(rest: str, signal: str, exit_status: int | None) -> None:
    assert parse_target(f"/ping/{ID.upper()}{rest}") == Target(UUID(ID), "", "", signal, exit_status)  # type: ignore[arg-type]
    assert parse_target(f"/ping/key/my-job{rest}") == Target(None, "key", "my-job", signal, exit_status)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", ["/ping/", "/ping/x", f"/ping/{ID}/start/", f"/ping/{ID}/end", f"/ping/{ID}/1/2", "/ping/key/a b"]
)
def test_what_is_no_path_of_a_ping_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        parse_target(path)


@pytest.mark.parametrize("path", ["/ping/key/My-Job", f"/ping/{ID}/256", f"/ping/{ID}/{'9' * 5000}"])
def test_a_faulty_slug_or_exit_status_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="invalid url format"):
        parse_target(path)


def test_a_signal_behind_the_query_counts_unless_the_path_has_one() -> None:
    assert split_signal("create=1/start") == ("create=1&", "start")
    assert split_signal("a=/start") == ("a=/start", "")
    assert parse_target("/ping/key/job", "start").signal == "start"
    assert parse_target("/ping/key/job/fail", "start").signal == "fail"


def test_the_last_of_several_run_ids_counts() -> None:
    assert parse_run_id({}) is None
    assert parse_run_id({"rid": ["x", ID]}) == UUID(ID)
    with pytest.raises(InvalidRequest, match="invalid uuid format"):
        parse_run_id({"rid": [ID, f"{ID}\n"]})
