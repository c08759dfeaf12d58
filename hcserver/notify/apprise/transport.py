"""The kinds of channels that are told by Apprise (https://github.com/caronc/apprise), an optional extra."""

from __future__ import annotations

from dataclasses import dataclass

from hcserver.errors import InvalidRequest
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.apprise.pool import INSTALL, installed
from hcserver.notify.apprise.services import SERVICES, Service
from hcserver.notify.send_context import SendContext
from hcserver.notify.targets import refusal, stripped


@dataclass(frozen=True, slots=True)
class AppriseKind:
    """A service as a kind of channel. The Apprise URL is what is stored."""

    service: Service

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def needs(self) -> str:
        return self.service.needs

    def normalise(self, target: str) -> str:
        """Besides targets as the service has them, its Apprise URLs are taken. Raises InvalidRequest."""
        if not installed():
            raise InvalidRequest(f"the kind {self.name} can't be used here: {INSTALL}")
        written = stripped(target, self.needs)
        try:
            return self.service.url(written)
        except ValueError as error:
            raise refusal(f"the target does not fit the kind {self.name} ({error})", self.needs) from error

    def masked(self, target: str) -> str:
        return self.service.masked(target)

    async def send(self, target: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
        return await context.apprise.send(target, self.service.compose(alert_message))


APPRISE_KINDS = tuple(AppriseKind(service) for service in SERVICES)
