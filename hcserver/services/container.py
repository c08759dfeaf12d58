"""The services of a server, as `hcserver.app.build_services` puts them together."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from hcserver.config.schema import Settings
from hcserver.domain.clock import Clock
from hcserver.errors import Unavailable
from hcserver.payloads.rendered_checks import RenderedChecks
from hcserver.services.accounts.accounts import Accounts
from hcserver.services.background import PeriodicTask
from hcserver.services.classification.dry_run import DryRun
from hcserver.services.delivery.bounces import Bounces
from hcserver.services.delivery.notifier import Notifier
from hcserver.services.dependencies import Dependencies
from hcserver.services.events import EventBus
from hcserver.services.intake.answered_mark import AnsweredMark
from hcserver.services.intake.check_cache import CheckCache
from hcserver.services.intake.intake import Intake
from hcserver.services.intake.state_writer import StateWriter
from hcserver.services.lookup import Lookup
from hcserver.services.management.admin_keys import AdminKeys
from hcserver.services.management.api_keys import ApiKeys
from hcserver.services.management.channels import Channels
from hcserver.services.management.check_deletion import CheckDeletion
from hcserver.services.management.check_editor import CheckEditor
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.management.check_transfer import CheckTransfer
from hcserver.services.management.log_clearing import LogClearing
from hcserver.services.management.projects import Projects
from hcserver.services.management.windows import Windows
from hcserver.services.metrics import Metrics
from hcserver.services.public.public_views import PublicViews
from hcserver.services.reading.event_feeds import EventFeeds
from hcserver.services.reading.log_reader import LogReader
from hcserver.services.reading.project_reader import ProjectReader
from hcserver.services.runtime.absence import Absence
from hcserver.services.runtime.due_checks import DueChecks
from hcserver.services.runtime.health import Health
from hcserver.services.runtime.news_listener import NewsListener
from hcserver.services.runtime.pruning import Pruner
from hcserver.services.runtime.recovery import Recovery
from hcserver.services.runtime.retention import Retention
from hcserver.services.runtime.written_news import WrittenNews
from hcserver.storage import Storage
from hcserver.storage.key_file import KeyFileError
from hcserver.storage.schema import prepare

log = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False, repr=False)
class Runtime:
    """What goes on by itself while the server runs."""

    absence: Absence
    due_checks: DueChecks
    news_listener: NewsListener
    written_news: WrittenNews
    pruner: Pruner
    retention: Retention
    health: Health
    exchange: tuple[PeriodicTask, ...]  # with other processes, as soon as pings are taken
    tasks: tuple[PeriodicTask, ...]  # the others, in the order in which they are started


@dataclass(kw_only=True, eq=False, repr=False)
class Services:
    """Everything between the servers for HTTP and SMTP and the database."""

    settings: Settings
    clock: Clock
    database: Any
    storage: Storage
    events: EventBus
    metrics: Metrics

    lookup: Lookup
    cache: CheckCache
    state_writer: StateWriter
    intake: Intake
    answered_mark: AnsweredMark

    bounces: Bounces
    notifier: Notifier

    checks: CheckReader
    project_reader: ProjectReader
    dependencies: Dependencies
    rendered_checks: RenderedChecks
    check_editor: CheckEditor
    check_deletion: CheckDeletion
    log_clearing: LogClearing
    log_reader: LogReader
    event_feeds: EventFeeds
    check_transfer: CheckTransfer
    projects: Projects
    admin_keys: AdminKeys
    api_keys: ApiKeys
    accounts: Accounts
    channels: Channels
    windows: Windows
    public: PublicViews
    mail_classifier: DryRun

    recovery: Recovery
    runtime: Runtime

    @property
    def health(self) -> Health:
        return self.runtime.health

    @property
    def ready(self) -> bool:
        """`start` has come to its end. Before that, not all states are in step with the log."""
        return self.health.ready

    @property
    def takes_pings(self) -> bool:
        """Pings and emails are recorded, also while `start` still looks through the logs of the checks."""
        return self.health.takes_pings

    async def start(self) -> None:
        """Bring the database in order and take up the work. It may be called again when it has failed.

        Pings come first. A check that has one gets in step with its log by the number that the ping claims;
        the others are brought in step before anything else is answered, and before time takes checks down.

        Raises Unavailable, ConfigError (the database is from a newer version).
        """
        if not self.takes_pings:
            await self._take_pings()
        await self.recovery.run()
        await self._account_for_absence()
        self.notifier.start()
        for task in self.runtime.tasks:
            task.start()
        self.health.ready = True

    async def _take_pings(self) -> None:
        await prepare(self.database)
        await self._encrypt_targets()
        await self.runtime.written_news.start()
        await self.bounces.start()
        await self.answered_mark.start()
        await self.recovery.begin()
        self.state_writer.start()
        self.intake.start()
        for task in self.runtime.exchange:
            task.start()
        self.health.takes_pings = True

    async def _encrypt_targets(self) -> None:
        """Encrypt what an older version, or a dump in clear, has left. A key file that can't be used does not
        stop the start: pings don't need it.
        """
        try:
            done = await self.storage.channels.encrypt_all()
        except KeyFileError as error:
            log.error("the targets of channels can't be encrypted: %s", error)
        else:
            if done.rewritten:
                log.info("encrypted the targets of %d channels", done.rewritten)

    async def _account_for_absence(self) -> None:
        """Before anybody is notified: after a long absence only the newest alerts are worth it. If it fails
        now, it is repeated before checks are taken down.
        """
        try:
            await self.runtime.absence.account()
        except Unavailable:
            pass
        except Exception:
            log.exception("can't account for the absence of this server")

    async def stop(self) -> None:
        """Leave nothing unwritten. To be called when nothing comes in any more."""
        for task in reversed(self.runtime.exchange + self.runtime.tasks):
            await task.stop()
        await self.accounts.stop()
        await self.project_reader.stop()
        await self.check_deletion.stop()
        await self.intake.stop()
        await self.answered_mark.stop()
        await self.lookup.key_uses.stop()
        await self.state_writer.stop()
        if self.takes_pings:
            await self.runtime.written_news.stop()
        await self.notifier.stop()
        await self.events.stop()
        if self.ready:
            await self.recovery.end()
        await self.mail_classifier.pool.close()
        await self.log_reader.contents.close()
