"""What clients are answered when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handlers.loggable import loggable_path
from handlers.server.errors import status_of, text_of
from hcserver.errors import (
    Ambiguous,
    ConfigError,
    Conflict,
    Forbidden,
    HcError,
    InvalidRequest,
    NotFound,
    TooSlow,
    Unauthorized,
    Unavailable,
)
from tests.handlers.apps import BOTH, Function, Seen, connected

both = pytest.mark.parametrize("root", BOTH)


def raising(make: Callable[[], BaseException]) -> Function:
    async def handler(seen: Seen) -> tuple[int, bytes]:
        raise make()

    return handler


ERRORS = [
    (lambda: InvalidRequest("odd"), 400, "odd"),
    (lambda: Unauthorized("who?"), 401, "who?"),
    (lambda: Forbidden("no"), 403, "no"),
    (lambda: NotFound("none"), 404, "none"),
    (lambda: Ambiguous("two"), 409, "two"),
    (lambda: Conflict("not now"), 409, "not now"),
    (lambda: TooSlow("late"), 408, "late"),
    (lambda: Unavailable("later"), 503, "later"),
]


@both
@pytest.mark.parametrize(("make", "status", "text"), ERRORS)
async def test_errors_become_replies_and_the_connection_stays_usable(
    root: str, make: Callable[[], HcError], status: int, text: str
) -> None:
    async with connected(raising(make)) as connection:
        for _ in range(2):
            reply = await connection.request("POST", root, body=b"x" * 1000)
            assert (reply.status, reply.text) == (status, text)
            assert reply.headers.get("retry-after") == ("5" if status == 503 else None)
            assert "connection" not in reply.headers


@both
@pytest.mark.parametrize("make", [lambda: ValueError("the secret"), lambda: ConfigError("the secret")])
async def test_a_fault_of_the_server_is_a_500_without_details_and_the_connection_stays_usable(
    root: str, make: Callable[[], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(raising(make)) as connection:
        for _ in range(2):
            reply = await connection.request("GET", f"{root}somewhere")
            assert (reply.status, reply.text) == (500, "internal error")
            assert "connection" not in reply.headers
    if isinstance(make(), ValueError):
        assert f"GET {loggable_path(root + 'somewhere')} failed" in caplog.text
    caplog.clear()


def test_errors_without_a_status_of_their_own_are_faults_of_the_server() -> None:
    for error in (HcError("?"), ConfigError("?"), ValueError("?")):
        assert (status_of(error), text_of(error)) == (500, "internal error")
