"""Email: a message with a plain and an HTML part."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

from hcserver.errors import DeliveryError, InvalidRequest
from hcserver.notify import rendering
from hcserver.notify.alert_message import AlertMessage, Receipt
from hcserver.notify.send_context import SendContext
from hcserver.notify.target_form import TargetField, TargetForm, one_field
from hcserver.notify.targets import MASK, STORED_UNFIT, refusal, stripped

NEEDS: Final = 'an email address such as "ops@example.org"'
# RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.2 for the lengths; a local part is a dot-atom of RFC 5322.
_LOCAL = re.compile(r"(?=.{1,64}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


class Email:
    name = "email"
    needs = NEEDS

    @property
    def form(self) -> TargetForm:
        field = TargetField(name="address", label="Email address", type="email", example="ops@example.org")
        return one_field("Email", "A message to an email address.", field, self.normalise)

    def normalise(self, target: str) -> str:
        """The address with its domain as the DNS knows it."""
        address = stripped(target, NEEDS)
        local, _, domain = address.rpartition("@")
        try:
            domain = domain.encode("idna").decode("ascii").lower()
        except UnicodeError as error:
            raise refusal(f"{address[:100]!r} has no valid domain", NEEDS) from error
        if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
            raise refusal(f"{address[:100]!r} is no email address", NEEDS)
        return f"{local}@{domain}"

    def hosts(self, target: str) -> tuple[str, ...]:
        """None: the mail server is one of the settings."""
        return ()

    def masked(self, target: str) -> str:
        local, _, domain = target.rpartition("@")
        return f"{local[:1]}{MASK}@{domain}"

    def secrets(self, target: str) -> list[str]:
        return [target, target.rpartition("@")[0]]

    async def send(self, target: str, alert_message: AlertMessage, context: SendContext) -> Receipt:
        try:
            recipient = self.normalise(target)
        except InvalidRequest as error:
            raise DeliveryError(STORED_UNFIT, transient=False) from error
        name, sender = parseaddr(context.email.sender)
        message = _message(alert_message, Address(name, addr_spec=sender), recipient)
        return Receipt(status=await context.mailer.send(message, alert_message.bounce or sender, recipient))


def _message(alert_message: AlertMessage, sender: Address, recipient: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = rendering.title(alert_message)
    message["From"] = sender
    message["To"] = Address(addr_spec=recipient)
    message["Date"] = format_datetime(alert_message.now)
    # The same on every attempt: many mail readers show a message only once that has arrived twice.
    message["Message-ID"] = f"<{alert_message.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: asks for no automatic replies
    message.set_content(rendering.plain(alert_message))
    body = f'<body style="font-family:sans-serif">\n{rendering.html(alert_message)}\n</body>'
    message.add_alternative(f"<!DOCTYPE html>\n<html>{body}</html>", subtype="html")
    return message
