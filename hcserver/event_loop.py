"""The event loop that a server runs on: uvloop where it is installed, otherwise Python's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_fast(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` on the fastest event loop that there is. Ctrl-C cancels it, so that it can clean up."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(coroutine)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes event loops; None: Python's own is used, since uvloop (the extra `speed`) isn't installed or
    does not work here.
    """
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def loop_name(loop: asyncio.AbstractEventLoop) -> str:
    """The package that the loop comes from: uvloop or asyncio."""
    return type(loop).__module__.partition(".")[0]
