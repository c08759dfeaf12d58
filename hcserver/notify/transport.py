"""What every kind of channel can do."""

from __future__ import annotations

from typing import Protocol

from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.send_context import SendContext


class Transport(Protocol):
    """A way to reach people. Holds no state: what it needs comes with each call."""

    @property
    def name(self) -> str: ...

    @property
    def needs(self) -> str:
        """What TARGET must be, in one line with an example."""

    def normalise(self, target: str) -> str:
        """The target as it is stored. Raises InvalidRequest that says what is wrong and what is needed."""

    def masked(self, target: str) -> str:
        """The target as a log or a read-only key may see it: without secrets, still recognisable."""

    async def send(self, target: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
        """Tell it. Raises DeliveryError. May be cancelled at any moment; the caller limits the time."""
