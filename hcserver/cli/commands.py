"""The services, for commands that work on the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from uuid import UUID

from hcserver.cli.database import database
from hcserver.cli.output import current_settings
from hcserver.errors import InvalidRequest, NotFound
from hcserver.services.container import Services
from hcserver.storage.schema import prepare
from hcserver.validation.json_fields import without_prefix


@asynccontextmanager
async def open_services() -> AsyncIterator[Services]:
    """The services on the configured database, without background work. A server may run at the same time."""
    from hcserver.app import build_services  # here, so that the servers' code does not delay `--help`

    settings = current_settings()
    async with database(settings) as opened:
        await prepare(opened, verify=False)
        yield build_services(opened, settings)


@asynccontextmanager
async def working(services: Services) -> AsyncIterator[None]:
    """With what it takes to change checks and to notify people: all is written and sent when this ends, and
    running servers have been told.
    """
    await services.runtime.written_news.start()
    await services.bounces.start()
    await services.recovery.begin()
    services.state_writer.start()
    for task in services.runtime.exchange:
        task.start()
    try:
        yield
    finally:
        for task in reversed(services.runtime.exchange):
            await task.stop()
        await services.state_writer.stop()
        await services.runtime.written_news.stop()
        await services.notifier.stop()
        await services.events.stop()
        await services.recovery.end()


@contextmanager
def plain_faults() -> Iterator[None]:
    """What is wrong with a request in the words of the API, but without its word for JSON."""
    try:
        yield
    except InvalidRequest as error:
        raise InvalidRequest(without_prefix(error)) from error


def as_id(text: str, what: str) -> UUID:
    """Raises NotFound for what is no id, and so names nothing."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"there is no {what} {text!r}") from error
