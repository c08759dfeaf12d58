"""What the kinds of channels share for sending."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hcserver.channels.guard import Guard, Web
from hcserver.config import EmailSettings, NotificationSettings, Settings

# Threads for what can only be sent by blocking calls (Apprise): as many receivers may be slow at a time
# before others wait for them.
_WORKERS = 32


@dataclass(frozen=True, slots=True)
class Tools:
    """One for the process, made and closed in the event loop that sends."""

    email: EmailSettings
    notifications: NotificationSettings
    guard: Guard  # says which addresses may be reached
    web: Web  # makes HTTP requests, guarded
    workers: ThreadPoolExecutor

    @classmethod
    def of(cls, settings: Settings) -> Tools:
        """What the settings say. Threads and connections are made when they are first needed."""
        guard = Guard(settings.notifications.allowed_networks)
        return cls(
            email=settings.email,
            notifications=settings.notifications,
            guard=guard,
            web=Web(guard, settings.notifications.timeout, redirects=settings.notifications.redirects),
            workers=ThreadPoolExecutor(_WORKERS, thread_name_prefix="channel"),
        )

    async def close(self) -> None:
        """Close connections and give up what waits; what a thread is in the middle of runs to its end."""
        await self.web.close()
        self.workers.shutdown(wait=False, cancel_futures=True)
