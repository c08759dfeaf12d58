"""What the public sees of projects: status pages and walls, and the downtime that status pages show."""

from __future__ import annotations

from hcserver.domain.clock import Clock
from hcserver.services.events import EventBus, ProjectChanged
from hcserver.services.management.check_reader import CheckReader
from hcserver.services.public.downtimes import Downtimes
from hcserver.services.public.status_pages import StatusPages
from hcserver.services.public.walls import Walls
from hcserver.storage import Storage


class PublicViews:
    """The three together. What is remembered of a project's pages is forgotten when the project changes."""

    def __init__(self, storage: Storage, checks: CheckReader, events: EventBus, clock: Clock) -> None:
        self.status_pages = StatusPages(storage, clock)
        self.walls = Walls(storage, clock)
        self.downtimes = Downtimes(checks, clock)
        events.subscribe(ProjectChanged, lambda _: self.forget_all())

    def forget_all(self) -> None:
        """Some project has changed, in another process maybe."""
        self.status_pages.forget_all()
        self.walls.forget_all()
