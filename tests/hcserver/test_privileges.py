from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from hcserver.privileges import protect_memory, warn_if_root


def test_running_as_root_is_warned_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    warn_if_root()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("hcserver runs as root: run it as a user of its own")


def test_running_as_another_user_is_not_warned_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    warn_if_root()
    assert not caplog.records


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's own")
def test_other_processes_of_the_user_can_not_look_into_a_protected_process() -> None:
    program = (
        "import ctypes; from hcserver.privileges import protect_memory; prctl = ctypes.CDLL(None).prctl;"
        "before = prctl(3, 0, 0, 0, 0); protect_memory(); print(before, prctl(3, 0, 0, 0, 0))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["1", "0"]  # PR_GET_DUMPABLE


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's own")
def test_memory_that_can_not_be_protected_is_warned_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hcserver.privileges._PR_SET_DUMPABLE", -1)
    protect_memory()
    assert "prctl has failed" in caplog.text
