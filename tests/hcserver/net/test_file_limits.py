from __future__ import annotations

import subprocess
import sys

import pytest

from hcserver.net.file_limits import MAX_CONNECTIONS, connections_within, raise_file_limit

PROGRAM = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 150))
from hcserver.net.file_limits import raise_file_limit
print(raise_file_limit(), resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    ).stdout
    assert output == "150 (150, 150)\n"


def test_a_limit_that_can_not_be_raised_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(number: int, limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr("resource.getrlimit", lambda number: (256, 1024))
    monkeypatch.setattr("resource.setrlimit", refuse)
    assert raise_file_limit() == 256


@pytest.mark.parametrize(
    ("files", "share", "connections"),
    [
        (1024, 0.5, 412),
        (200, 0.5, 50),
        (2, 0.5, 1),
        (1_000_000, 0.5, MAX_CONNECTIONS),
        (-1, 0.5, MAX_CONNECTIONS),
    ],
)
def test_connections_leave_files_for_the_rest_of_the_process(
    files: int, share: float, connections: int
) -> None:
    assert connections_within(files, share) == connections
