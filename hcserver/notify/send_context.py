"""What all kinds of channels share for sending: settings, clients, processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hcserver.config.schema import EmailSettings, NotificationSettings, Settings
from hcserver.net.address_policy import AddressPolicy
from hcserver.net.http_client import HttpClient
from hcserver.notify.apprise.pool import ApprisePool
from hcserver.notify.mailer import Mailer


@dataclass(frozen=True, slots=True)
class SendContext:
    """One for the process, made and closed in the event loop that sends."""

    email: EmailSettings
    notifications: NotificationSettings
    commands: Mapping[str, str]  # that may be run on this machine, by name
    policy: AddressPolicy  # says which addresses may be reached
    http: HttpClient  # makes HTTP requests to permitted addresses
    mailer: Mailer
    apprise: ApprisePool

    @classmethod
    def of(cls, settings: Settings) -> SendContext:
        """As the settings say. Connections, threads and processes are made when they are first needed."""
        ours = settings.notifications
        policy = AddressPolicy(ours.allowed_networks)
        return cls(
            email=settings.email,
            notifications=ours,
            commands=settings.shell,
            policy=policy,
            http=HttpClient(policy, ours.timeout, redirects=ours.redirects),
            mailer=Mailer(settings.email),
            apprise=ApprisePool(ours.allowed_networks, ours.timeout),
        )

    async def close(self) -> None:
        """Close connections and end processes."""
        self.http.close()
        self.mailer.close()
        await self.apprise.close()
