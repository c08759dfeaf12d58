from __future__ import annotations

import logging
import os

import pytest

from hcserver.privileges import warn_if_root


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
