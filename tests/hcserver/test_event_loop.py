from __future__ import annotations

import asyncio
import sys

import pytest

from hcserver.event_loop import loop_factory, loop_name, run_fast


async def name_of_this_loop() -> str:
    return loop_name(asyncio.get_running_loop())


def test_a_server_runs_on_uvloop_where_it_is_installed() -> None:
    pytest.importorskip("uvloop")
    assert run_fast(name_of_this_loop()) == "uvloop"


def test_without_uvloop_it_runs_on_the_loop_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)  # importing it fails
    assert loop_factory() is None
    assert run_fast(name_of_this_loop()) == "asyncio"
