"""The server process: database, services, SMTP and HTTP, made in this order and stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tornado.netutil import bind_sockets

from handlers.connections import HttpListener
from handlers.front import make_server
from hcserver.config.schema import Settings
from hcserver.config.types import ALL_HOSTS
from hcserver.domain.project import Project
from hcserver.embedded.database import EmbeddedDatabase
from hcserver.errors import ConfigError, Unavailable
from hcserver.logs import set_up_logging
from hcserver.services.classification.dry_run import DryRun
from hcserver.services.container import Services
from hcserver.services.management.projects import Keys
from hcserver.storage.client import connect, database_of
from smtp.listener import Listener

log = logging.getLogger(__name__)

FIRST_PROJECT = "main"
GRACE = 10.0  # seconds that requests, and then messages, under way have when we stop
DATABASE_RETRY = 2.0  # seconds between attempts while the database isn't there at start


async def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Raises ConfigError for what has to be set otherwise."""
    set_up_logging(settings.log)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    # Open before the database is there: who comes meanwhile is told to come back, not that nobody lives here.
    async with _services(settings) as services, _smtp(services) as listener, _http(services):
        if await _started(services, stopped):
            await _greet(services, listener.ports)
            await stopped.wait()
        log.info("stopping")


@asynccontextmanager
async def _services(settings: Settings) -> AsyncIterator[Services]:
    """The database and the services on it, which is still to be started."""
    embedded = None if settings.mongodb.uri else EmbeddedDatabase(settings.embedded)
    uri = settings.mongodb.uri if embedded is None else await embedded.start()
    try:
        client = connect(uri, settings.mongodb)
        try:
            services = Services(database_of(client, settings.mongodb.database), settings)
            try:
                yield services
            finally:
                await services.stop()
        finally:
            client.close()
    finally:
        if embedded is not None:
            await embedded.stop()


async def _started(services: Services, stopped: asyncio.Event) -> bool:
    """Wait for the database; whether it came before we were told to stop."""
    while not stopped.is_set():
        try:
            await services.start()
        except Unavailable:
            log.warning("the database is not available, trying again in %g s", DATABASE_RETRY)
            try:
                async with asyncio.timeout(DATABASE_RETRY):
                    await stopped.wait()
            except TimeoutError:
                pass
        else:
            return True
    return False


@asynccontextmanager
async def _http(services: Services) -> AsyncIterator[None]:
    settings = services.settings.http
    handlers = make_server(services)
    server = HttpListener(
        handlers, max_header_size=settings.max_header_bytes, idle_connection_timeout=settings.idle_timeout
    )
    try:
        host = None if settings.host == ALL_HOSTS else settings.host
        sockets = bind_sockets(settings.port, host, backlog=1024)
    except OSError as error:
        raise ConfigError(
            f"http.host, http.port: can't listen on {settings.host}:{settings.port} "
            f"({error.strerror or error}); choose another one, e.g. HCSERVER_HTTP_PORT=8001"
        ) from None
    server.add_sockets(sockets)
    log.info("listening for HTTP on %s port %d", settings.host, settings.port)
    try:
        yield
    finally:
        server.stop()
        await handlers.finish(GRACE)
        await server.close_all_connections()


@asynccontextmanager
async def _smtp(services: Services) -> AsyncIterator[Listener]:
    listener = Listener(services.settings.smtp, services.intake, services.clock, services.bounces)
    await listener.start()
    services.ways_in["smtp"] = lambda: listener.healthy
    services.examiner = DryRun(listener.pool)
    for address in listener.addresses:
        log.info("listening for SMTP on %s, domains %s", address, ", ".join(services.settings.smtp.domains))
    try:
        yield listener
    finally:
        await listener.stop(GRACE)


async def _greet(services: Services, mail_ports: list[int]) -> None:
    """On an empty database make the first project and show its keys, this once."""
    if await services.projects.all():
        return
    project, keys = await services.projects.create(FIRST_PROJECT)
    print(_welcome(services.settings, project, keys, mail_ports), file=sys.stdout, flush=True)


def _welcome(settings: Settings, project: Project, keys: Keys, mail_ports: list[int]) -> str:
    base = settings.http.public_url
    return f"""
Welcome to hcserver. The project {project.name!r} was created; its keys are shown only now, note them down:

  API key (read-write)   {keys.api_key}
  API key (read-only)    {keys.api_key_readonly}
  ping key               {keys.ping_key}
  badge key              {keys.badge_key}

Let a job report (the check is created with its first ping):

  curl -fsS -m 10 --retry 5 '{base}/ping/{keys.ping_key}/my-first-job?create=1'
{_by_mail(settings, keys, mail_ports)}
See what became of it:

  curl -H 'X-Api-Key: {keys.api_key}' {base}/api/v3/checks/
"""


def _by_mail(settings: Settings, keys: Keys, ports: list[int]) -> str:
    if not ports:
        return ""
    address = f"{keys.ping_key}+my-first-job@{settings.smtp.domains[0]}"
    return f"\nor by email to {address}, taken in on port {ports[0]}\n"
