"""The server process: database, services, SMTP and HTTP, made in this order and stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from handlers.front import serve_http
from hcserver.config.schema import LimitSettings, Settings
from hcserver.domain.clock import Clock, utc_now
from hcserver.domain.project import Project
from hcserver.embedded.database import EmbeddedDatabase
from hcserver.errors import Unavailable
from hcserver.garbage import keep_out_of_collections
from hcserver.logs import set_up_logging
from hcserver.net.address_policy import AddressPolicy
from hcserver.net.byte_budget import DEFAULT_BYTES, ByteBudget
from hcserver.net.service_manager import ServiceManager
from hcserver.payloads.rendered_checks import RenderedChecks
from hcserver.privileges import protect_memory, warn_if_root
from hcserver.services.absences import Absences
from hcserver.services.accounts.accounts import Accounts
from hcserver.services.background import PeriodicTask
from hcserver.services.change_publisher import ChangePublisher
from hcserver.services.classification.dry_run import DryRun
from hcserver.services.classification.pool import Pool
from hcserver.services.container import Runtime, Services
from hcserver.services.delivery.bounces import Bounces
from hcserver.services.delivery.notifier import Notifier
from hcserver.services.delivery.return_addresses import ReturnAddresses
from hcserver.services.dependencies import Dependencies
from hcserver.services.event_log import log_events
from hcserver.services.events import (
    CheckDeleted,
    CheckWritten,
    EventBus,
    LateChangeWritten,
    LogCleared,
    PingRecorded,
)
from hcserver.services.intake.answered_mark import AnsweredMark
from hcserver.services.intake.append import Appender
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.document_reads import DocumentReads
from hcserver.services.intake.intake import Intake
from hcserver.services.intake.logged_tokens import LoggedTokens
from hcserver.services.intake.repetitions import Repetitions
from hcserver.services.intake.state_reader import StateReader
from hcserver.services.intake.state_writer import StateWriter
from hcserver.services.intake.unwritten import UnwrittenChecks
from hcserver.services.key_uses import WRITE_EVERY as WRITE_KEY_USES_EVERY
from hcserver.services.lookup import Lookup
from hcserver.services.management.admin_keys import AdminKeys
from hcserver.services.management.api_keys import ApiKeys
from hcserver.services.management.channels import Channels
from hcserver.services.management.check_deletion import SWEEP_EVERY, CheckDeletion
from hcserver.services.management.check_editor import CheckEditor
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.management.check_transfer import CheckTransfer
from hcserver.services.management.dependency_assignment import DependencyAssignment
from hcserver.services.management.log_clearing import LogClearing
from hcserver.services.management.projects import FIRST_PROJECT, Keys, Projects
from hcserver.services.management.windows import Windows
from hcserver.services.metrics import CONNECTIONS, Metrics
from hcserver.services.metrics import LOOK_EVERY as LOOK_AT_LAG_EVERY
from hcserver.services.public.public_views import PublicViews
from hcserver.services.reading.contents import Contents
from hcserver.services.reading.event_feeds import EventFeeds
from hcserver.services.reading.index_loader import IndexLoader
from hcserver.services.reading.log_reader import LogReader
from hcserver.services.reading.ping_history import PingHistory
from hcserver.services.reading.project_indexes import ProjectIndexes
from hcserver.services.reading.project_reader import ProjectReader
from hcserver.services.reading.recent_pings import RecentPings
from hcserver.services.runtime.absence import Absence
from hcserver.services.runtime.due_checks import TICK, DueChecks
from hcserver.services.runtime.health import Health
from hcserver.services.runtime.news_listener import LISTEN_EVERY, NewsListener
from hcserver.services.runtime.pruning import RETRY as PRUNE_RETRY
from hcserver.services.runtime.pruning import Pruner
from hcserver.services.runtime.recovery import Recovery
from hcserver.services.runtime.retention import RETRY as RETENTION_RETRY
from hcserver.services.runtime.retention import Retention
from hcserver.services.runtime.written_news import LOOK_EVERY, WrittenNews
from hcserver.storage import Storage
from hcserver.storage.client import connect, database_of
from hcserver.storage.key_file import KeyFile
from smtp.listener import Listener

log = logging.getLogger(__name__)

GRACE = 10.0  # seconds that requests, and then emails, under way have when the server stops
DATABASE_RETRY = 2.0  # seconds between attempts while the database is not available at the start


async def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. SIGHUP has certificates read again, unless the server runs in a terminal,
    whose end it is then. Raises ConfigError for a setting that can't be used.
    """
    set_up_logging(settings.log)
    protect_memory()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    reloads: list[Callable[[], None]] = []
    loop.add_signal_handler(signal.SIGHUP, _hang_up, stopped, reloads)
    budget, metrics, manager = make_budget(settings), Metrics(), ServiceManager(os.environ)
    async with (
        manager.reporting(),
        _database(settings, metrics) as database,
        _services(database, settings, metrics) as services,
        # They are open before the services are started: a client that comes meanwhile is answered that the
        # server is starting, instead of being refused the connection.
        _smtp(services, budget) as listener,
        serve_http(services, budget, GRACE) as http,
    ):
        reloads += [listener.reload_certificate, http.reload_certificate]
        warn_if_root()
        if await _started(services, stopped):
            await _greet(services, listener.ports)
            keep_out_of_collections()
            manager.ready()
            await stopped.wait()
        manager.stopping()
        log.info("stopping")


def _hang_up(stopped: asyncio.Event, reloads: list[Callable[[], None]]) -> None:
    if sys.stdin is not None and sys.stdin.isatty():
        stopped.set()
        return
    log.info("SIGHUP: reading certificates again; other settings take effect at the next start")
    for reload in reloads:
        reload()


def make_budget(settings: Settings) -> ByteBudget:
    """The memory for bodies and emails: room for two of the largest at least."""
    largest = max(settings.smtp.max_message_bytes, settings.http.max_body_bytes)
    return ByteBudget(max(DEFAULT_BYTES, 2 * largest))


def build_services(
    database: Any, settings: Settings, clock: Clock = utc_now, metrics: Metrics | None = None
) -> Services:
    """Put the services together: each gets what it needs, nothing is added to it later."""
    metrics = metrics or Metrics(clock)
    events, limits = _events(metrics), settings.limits
    storage = Storage(database, KeyFile(Path(settings.key_file)))
    lookup, repetitions, unwritten = Lookup(storage, clock), Repetitions(clock), UnwrittenChecks(clock)
    logged_tokens = LoggedTokens(storage.pings, storage.heartbeat, repetitions)
    state_reader, indexes = StateReader(storage, logged_tokens), ProjectIndexes(limits.indexed_checks, clock)
    cache = _check_cache(state_reader, unwritten, indexes, limits, clock)
    recent_pings, changes = _recent_pings(events, limits), ChangePublisher(storage.news, clock)
    loader = IndexLoader(storage.checks, cache, indexes, clock)
    above = Dependencies(cache, loader)
    notifier, bounces = _notifying(storage, cache, above, lookup, recent_pings, settings, clock, events)
    writer = StateWriter(storage, cache, unwritten, notifier, events)
    checks = CheckReader(storage, cache, writer, lookup, PingHistory(storage.pings, recent_pings), limits)
    reader = ProjectReader(loader, checks, clock)
    assignment = DependencyAssignment(cache, writer, reader, above)
    deletion = CheckDeletion(storage, cache, lookup, checks, assignment, changes, events, clock)
    projects = Projects(storage, lookup, checks, deletion, events, clock)
    public = PublicViews(storage, checks, events, clock)
    return Services(
        settings=settings, clock=clock, database=database, storage=storage, events=events, metrics=metrics,
        lookup=lookup, cache=cache, state_writer=writer, notifier=notifier, bounces=bounces,
        checks=checks, project_reader=reader, check_deletion=deletion, projects=projects, public=public,
        intake=_intake(storage, cache, lookup, unwritten, repetitions, logged_tokens, events, limits),
        answered_mark=AnsweredMark(storage.heartbeat, repetitions, clock), mail_classifier=DryRun(Pool()),
        rendered_checks=RenderedChecks(settings.http.public_url), log_reader=LogReader(checks, Contents()),
        check_editor=CheckEditor(storage, cache, writer, lookup, checks, reader, assignment, changes, clock),
        check_transfer=CheckTransfer(storage, cache, writer, lookup, checks, assignment, changes, clock),
        log_clearing=LogClearing(storage, cache, writer, checks, changes, events, clock),
        event_feeds=EventFeeds(storage, loader, checks, clock), admin_keys=AdminKeys(storage, clock),
        accounts=Accounts(storage, projects, events, settings, clock), dependencies=above,
        api_keys=ApiKeys(storage, lookup, events, clock), windows=Windows(storage, cache, notifier, clock),
        channels=_channels(storage, cache, writer, notifier, settings, clock),
        recovery=_recovery(storage, state_reader, cache, writer, settings),
        runtime=_runtime(storage, events, lookup, cache, writer, notifier, changes, deletion, public,
                         metrics, limits, clock),
    )  # fmt: skip


def _events(metrics: Metrics) -> EventBus:
    """The bus, with the subscribers that count and log everything."""
    events = EventBus()
    metrics.subscribe(events)
    log_events(events)
    return events


def _check_cache(
    reader: StateReader,
    unwritten: UnwrittenChecks,
    indexes: ProjectIndexes,
    limits: LimitSettings,
    clock: Clock,
) -> CheckCache:
    reads = DocumentReads(reader, Absences(clock))
    return CheckCache(reader, unwritten, indexes, reads, limits.cached_checks)


def _notifying(
    storage: Storage,
    cache: CheckCache,
    dependencies: Dependencies,
    lookup: Lookup,
    recent_pings: RecentPings,
    settings: Settings,
    clock: Clock,
    events: EventBus,
) -> tuple[Notifier, Bounces]:
    """What notifies people, and what takes in the mails that come back."""
    return_addresses = ReturnAddresses(storage, settings.email.bounce_domain, clock)
    notifier = Notifier(
        storage, cache, dependencies, lookup, recent_pings, return_addresses.make, settings, clock, events
    )
    return notifier, Bounces(storage, return_addresses, notifier, clock)


def _recent_pings(events: EventBus, limits: LimitSettings) -> RecentPings:
    recent_pings = RecentPings(limits.recent_ping_bytes)
    events.subscribe(PingRecorded, recent_pings.keep)
    events.subscribe(CheckDeleted, recent_pings.forget)
    events.subscribe(LogCleared, recent_pings.forget)
    return recent_pings


def _intake(
    storage: Storage,
    cache: CheckCache,
    lookup: Lookup,
    unwritten: UnwrittenChecks,
    repetitions: Repetitions,
    logged_tokens: LoggedTokens,
    events: EventBus,
    limits: LimitSettings,
) -> Intake:
    appender = Appender(storage.pings, cache, logged_tokens, repetitions, events)
    return Intake(cache, lookup, appender, unwritten, repetitions, limits.email_body_bytes)


def _channels(
    storage: Storage,
    cache: CheckCache,
    writer: StateWriter,
    notifier: Notifier,
    settings: Settings,
    clock: Clock,
) -> Channels:
    policy = AddressPolicy(settings.notifications.allowed_networks)
    return Channels(storage, cache, writer, notifier, policy, settings.shell, clock)


def _recovery(
    storage: Storage, reader: StateReader, cache: CheckCache, writer: StateWriter, settings: Settings
) -> Recovery:
    at_work = None if settings.mongodb.uri else storage.at_work  # others may use a MongoDB as well
    return Recovery(storage.checks, reader, cache, writer, at_work)


def _exchange(news_listener: NewsListener, written_news: WrittenNews) -> tuple[PeriodicTask, ...]:
    """What keeps this process and others on its database in step."""
    return (
        PeriodicTask("news", news_listener.listen, LISTEN_EVERY),
        PeriodicTask("written checks", written_news.exchange, LOOK_EVERY),
    )


def _removal(pruner: Pruner, deletion: CheckDeletion, retention: Retention) -> tuple[PeriodicTask, ...]:
    """What removes that which is not kept any longer."""
    return (
        PeriodicTask("prune pings", pruner.prune_next, PRUNE_RETRY),
        PeriodicTask("deletions", deletion.sweep, SWEEP_EVERY),
        PeriodicTask("retention", retention.go_round, RETENTION_RETRY),
    )


def _observation(lookup: Lookup, metrics: Metrics) -> tuple[PeriodicTask, ...]:
    """What keeps account of how the server is used, and how it keeps up."""
    return (
        PeriodicTask("key uses", lookup.key_uses.write, WRITE_KEY_USES_EVERY),
        PeriodicTask("lag", metrics.look_at_lag, LOOK_AT_LAG_EVERY),
    )


def _runtime(
    storage: Storage,
    events: EventBus,
    lookup: Lookup,
    cache: CheckCache,
    writer: StateWriter,
    notifier: Notifier,
    changes: ChangePublisher,
    deletion: CheckDeletion,
    public: PublicViews,
    metrics: Metrics,
    limits: LimitSettings,
    clock: Clock,
) -> Runtime:
    """What goes on by itself while the server runs."""
    absence = Absence(storage, writer, notifier, clock)
    due_checks = DueChecks(storage.checks, writer, absence, clock)
    news_listener = NewsListener(storage.news, lookup, cache, clock, public.forget_all)
    pruner = Pruner(storage.pings, cache, lookup, limits)
    retention = Retention(storage, limits, clock)
    written_news = WrittenNews(storage.written_checks, cache, writer.unwritten, changes, clock)
    events.subscribe(CheckWritten, pruner.consider)
    events.subscribe(CheckWritten, written_news.note)
    events.subscribe(LateChangeWritten, lambda event: lookup.forget_slugs(event.check.project))
    events.subscribe_async(LateChangeWritten, changes.publish_late)
    return Runtime(
        absence=absence,
        due_checks=due_checks,
        news_listener=news_listener,
        written_news=written_news,
        pruner=pruner,
        retention=retention,
        health=Health(storage, due_checks),
        exchange=_exchange(news_listener, written_news),
        tasks=(
            *_removal(pruner, deletion, retention),
            *_observation(lookup, metrics),
            PeriodicTask("due checks", due_checks.tick, TICK),
        ),
    )


@asynccontextmanager
async def _database(settings: Settings, metrics: Metrics) -> AsyncIterator[Any]:
    """The configured database, or the embedded one, which runs as long as it is used."""
    embedded = None if settings.mongodb.uri else EmbeddedDatabase(settings.embedded)
    uri = settings.mongodb.uri if embedded is None else await embedded.start()
    try:
        client = connect(uri, settings.mongodb, metrics.database_command)
        try:
            yield database_of(client, settings.mongodb.database)
        finally:
            client.close()
    finally:
        if embedded is not None:
            await embedded.stop()


@asynccontextmanager
async def _services(database: Any, settings: Settings, metrics: Metrics) -> AsyncIterator[Services]:
    """The services, which are still to be started."""
    services = build_services(database, settings, metrics=metrics)
    watch(services)
    try:
        yield services
    finally:
        await services.stop()


def watch(services: Services) -> None:
    """Have the metrics show what waits."""
    metrics, notifier = services.metrics, services.notifier
    metrics.watch("hcserver_pings_waiting", "Pings that wait to be stored.", lambda: services.intake.waiting)
    metrics.watch(
        "hcserver_checks_unwritten",
        "Checks with pings that are in the log, but not yet in the check's own document.",
        lambda: len(services.state_writer.unwritten),
    )
    metrics.watch(
        "hcserver_notifications_waiting",
        "Notifications that wait in memory to be sent.",
        lambda: notifier.dispatcher.waiting,
    )
    metrics.watch(
        "hcserver_events_dropped",
        "Events that a subscriber within the server could not keep up with.",
        lambda: services.events.dropped,
    )


async def _started(services: Services, stopped: asyncio.Event) -> bool:
    """Start the services as soon as the database is available. False: the server was stopped before."""
    starting = asyncio.create_task(_start(services), name="start")
    stopping = asyncio.create_task(stopped.wait(), name="wait for the stop")
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        starting.result()
        return True
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return False


async def _start(services: Services) -> None:
    while True:
        try:
            return await services.start()
        except Unavailable:
            log.warning("the database is not available, trying again in %g s", DATABASE_RETRY)
            await asyncio.sleep(DATABASE_RETRY)


@asynccontextmanager
async def _smtp(services: Services, budget: ByteBudget) -> AsyncIterator[Listener]:
    pool = services.mail_classifier.pool
    listener = Listener(
        services.settings.smtp,
        services.intake,
        services.clock,
        services.bounces,
        pool,
        budget,
        services.metrics.smtp_reply,
    )
    await listener.start()
    services.health.add_listener("smtp", lambda: listener.healthy)
    services.metrics.watch(CONNECTIONS, "Open connections.", lambda: listener.connections, "smtp")
    for address in listener.addresses:
        log.info("listening for SMTP on %s, domains %s", address, ", ".join(services.settings.smtp.domains))
    try:
        yield listener
    finally:
        await listener.stop(GRACE)


async def _greet(services: Services, mail_ports: list[int]) -> None:
    """On an empty database create the first project and print its keys, which are not shown again. As long as
    there is no user, print the link that leads to the creation of the first one.
    """
    greetings = []
    if not await services.projects.all():
        project, keys = await services.projects.create(FIRST_PROJECT)
        greetings.append(_welcome(services.settings, project, keys, mail_ports))
    if token := await services.accounts.offer_setup():
        greetings.append(_invitation(services.settings, token))
    if greetings:
        print("".join(greetings), file=sys.stdout, flush=True)


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


def _invitation(settings: Settings, token: str) -> str:
    return f"""
Nobody can sign in yet. This link creates the first user; it is good for one user and for seven days:

  {settings.http.public_url}/setup/{token}
"""


def _by_mail(settings: Settings, keys: Keys, ports: list[int]) -> str:
    if not ports:
        return ""
    address = f"{keys.ping_key}+my-first-job@{settings.smtp.domains[0]}"
    return f"\nor by email to {address}, taken in on port {ports[0]}\n"
