"""What every kind of channel that sends can do."""

from __future__ import annotations

from typing import Protocol

from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.send_context import SendContext
from hcserver.notify.target_form import TargetForm


class Transport(Protocol):
    """One kind of channel. Holds no state: what it needs comes with each call."""

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> str:
        """What a target must be, in one line with an example."""

    @property
    def form(self) -> TargetForm:
        """What people fill in for it."""

    def normalise(self, target: str) -> str:
        """The target as it is stored. Raises InvalidRequest that says what is wrong and what is needed."""

    def hosts(self, target: str) -> tuple[str, ...]:
        """The names or addresses of the hosts that the target names; empty where it names none."""

    def masked(self, target: str) -> str:
        """The target as a log or a read-only key may see it: without secrets, still recognisable."""

    def secrets(self, target: str) -> list[str]:
        """The parts of the target that `masked` hides, to be taken out of other texts. Never raises."""

    async def send(self, target: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
        """Send it. Raises DeliveryError. May be cancelled at any moment; the caller limits the time."""
