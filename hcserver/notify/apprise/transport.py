"""The kinds of channels that need Apprise (https://github.com/caronc/apprise), an optional dependency."""

from __future__ import annotations

from dataclasses import dataclass

from hcserver.errors import InvalidRequest
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.apprise.forms import form_of
from hcserver.notify.apprise.pool import INSTALL, installed
from hcserver.notify.apprise.services import SERVICES, Service
from hcserver.notify.apprise.url import host_of, secrets_of
from hcserver.notify.send_context import SendContext
from hcserver.notify.target_form import TargetForm
from hcserver.notify.targets import refusal, stripped


@dataclass(frozen=True, slots=True)
class AppriseTransport:
    """A service as a kind of channel. The Apprise URL is stored as its target."""

    service: Service

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def needs(self) -> str:
        return self.service.needs

    @property
    def form(self) -> TargetForm:
        return form_of(self.service.name, self.normalise)

    def normalise(self, target: str) -> str:
        """Accepts targets as the service itself writes them, and its Apprise URLs. Raises InvalidRequest."""
        if not installed():
            raise InvalidRequest(f"the kind {self.name} can't be used here: {INSTALL}")
        written = stripped(target, self.needs)
        try:
            return self.service.url(written)
        except ValueError as error:
            raise refusal(f"the target does not fit the kind {self.name} ({error})", self.needs) from error

    def hosts(self, target: str) -> tuple[str, ...]:
        """What stands in the place of the host in the Apprise URL; in many it is no host but a token."""
        return host_of(target)

    def masked(self, target: str) -> str:
        return self.service.masked(target)

    def secrets(self, target: str) -> list[str]:
        return secrets_of(target)

    async def send(self, target: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
        return await context.apprise.send(target, self.service.compose(alert_message), self.name)


APPRISE_KINDS = tuple(AppriseTransport(service) for service in SERVICES)
