from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hcserver.embedded import parent_death

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")


def test_the_arguments_are_run_by_python() -> None:
    command = [
        sys.executable,
        parent_death.__file__,
        str(os.getpid()),
        "-c",
        "import sys; print(sys.argv)",
        "x",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "['-c', 'x']\n"


def test_nothing_is_run_when_the_parent_has_ended_already() -> None:
    command = [sys.executable, parent_death.__file__, str(2**22 + 1), "-c", "print('ran')"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (1, "", "the parent process has ended\n")


def test_what_it_makes_can_be_read_by_its_owner_only() -> None:
    command = [sys.executable, parent_death.__file__, str(os.getpid())]
    script = "import os; print(oct(os.umask(0)))"
    assert subprocess.run([*command, "-c", script], capture_output=True, text=True).stdout == "0o77\n"
