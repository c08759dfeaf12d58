"""What the kinds of channels share for sending."""

from __future__ import annotations

from dataclasses import dataclass

from hcserver.config.schema import EmailSettings, NotificationSettings, Settings
from hcserver.net.http_client import AddressPolicy, HttpClient
from hcserver.notify.apprise.pool import ApprisePool
from hcserver.notify.mailer import Mailer


@dataclass(frozen=True, slots=True)
class SendContext:
    """One for the process, made and closed in the event loop that sends."""

    email: EmailSettings
    notifications: NotificationSettings
    policy: AddressPolicy  # says which addresses may be reached
    http: HttpClient  # makes HTTP requests, guarded
    mailer: Mailer
    apprise: ApprisePool

    @classmethod
    def of(cls, settings: Settings) -> SendContext:
        """What the settings say. Connections, threads and processes are made when they are first needed."""
        telling = settings.notifications
        policy = AddressPolicy(telling.allowed_networks)
        return cls(
            email=settings.email,
            notifications=telling,
            policy=policy,
            http=HttpClient(policy, telling.timeout, redirects=telling.redirects),
            mailer=Mailer(settings.email),
            apprise=ApprisePool(telling.allowed_networks, telling.timeout),
        )

    async def close(self) -> None:
        """Close connections and end processes."""
        self.http.close()
        self.mailer.close()
        await self.apprise.close()
