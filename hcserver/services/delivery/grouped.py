"""Commands of the database that many notifications share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from hcserver.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(NamedTuple, Generic[Item, Result]):
    item: Item
    result: asyncio.Future[Result]


class Grouped(Generic[Item, Result]):
    """Group commit: calls that arrive while a command is under way form the next one, so that a single call
    is carried out at once and a crowd of them shares a few commands.

    `run` carries out a group of at most `at_once` items and returns their results in the same order.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], at_once: int) -> None:
        self._run = run
        self._at_once = at_once
        self._waiting: list[_Waiting[Item, Result]] = []
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Result:
        """The result for the item. Raises Unavailable if the group failed, of which some may be done, and
        what `run` raises for the item itself.
        """
        waiting = _Waiting[Item, Result](item, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._task is None:
            self._task = asyncio.create_task(self._run_groups(), name="grouped commands")
        return await waiting.result

    async def _run_groups(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self._at_once], self._waiting[self._at_once :]
                await self._run_group(group)
        finally:
            self._task = None

    async def _run_group(self, group: Sequence[_Waiting[Item, Result]]) -> None:
        try:
            results = await self._run([one.item for one in group])
        except Unavailable as error:
            # Those behind the group must not wait for another timeout of the database: their leases run.
            behind, self._waiting = self._waiting, []
            _fail([*group, *behind], error)
        except Exception as error:  # noqa: BLE001 - it is raised to whoever waits
            if len(group) == 1:
                _fail(group, error)
                return
            for one in group:  # an item that can't be carried out must not keep the others from it
                await self._run_group([one])
        else:
            for one, result in zip(group, results, strict=True):
                if not one.result.done():
                    one.result.set_result(result)


def _fail(group: Sequence[_Waiting[Item, Result]], error: Exception) -> None:
    for one in group:
        if not one.result.done():
            one.result.set_exception(error)
