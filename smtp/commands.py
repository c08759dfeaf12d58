"""The commands of SMTP (RFC 5321 section 4.1.1): what each answers, and how it changes the transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hcserver.config.schema import SmtpSettings
from smtp import auth
from smtp.delivery import Delivery, Target
from smtp.limits import Patience, RefusalLog
from smtp.reception import TOO_LARGE, Reception
from smtp.recipients import Refused, loggable, split_path

if TYPE_CHECKING:
    from smtp.session import Session

_BEFORE_TLS = frozenset(("EHLO", "HELO", "NOOP", "QUIT", "STARTTLS"))  # RFC 3207 section 4
_SIZE = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass
class Transaction:
    """From MAIL to the end of DATA."""

    sender: str  # the reverse path, "<>" for the null path
    targets: list[Target] = field(default_factory=list)
    tried: bool = False  # a recipient was named, accepted or not

    @property
    def failed(self) -> bool:
        """No recipient was accepted: a client may begin another message without RSET."""
        return self.tried and not self.targets


class Commands:
    """Carries out the commands of one session."""

    def __init__(
        self,
        session: Session,
        settings: SmtpSettings,
        delivery: Delivery,
        reception: Reception,
        patience: Patience,
        refusals: RefusalLog,
    ) -> None:
        self._session = session
        self._settings = settings
        self._delivery = delivery
        self._reception = reception
        self._patience = patience
        self._refusals = refusals
        self._failed_logins = 0
        self.ended = False  # the connection is to be closed
        self.reset()

    def reset(self) -> None:
        """Forget what the client has said (RFC 3207 section 4.2)."""
        self.transaction: Transaction | None = None
        self._greeted = False
        self._authenticated = False

    async def carry_out(self, name: str, argument: str) -> None:
        """Carry out the command `name`, in upper case. Raises Unavailable, EOFError, ConnectionError."""
        command = _COMMANDS.get(name)
        if command is None:
            await self._session.reply("500 5.5.1 Command not recognized")
        elif self._settings.require_tls and not self._session.secure and name not in _BEFORE_TLS:
            await self._session.reply("530 5.7.0 Must issue a STARTTLS command first")
        else:
            await command(self, argument)

    async def helo(self, argument: str) -> None:
        """The name is not needed, and the cards of some UPS send none."""
        self.transaction = None
        self._greeted = True
        await self._session.reply(f"250 {self._session.hostname}")

    async def ehlo(self, argument: str) -> None:
        if not argument:
            await self._session.reply("501 5.5.4 Syntax: EHLO hostname")
            return
        self.transaction = None
        self._greeted = True
        extensions = [f"SIZE {self._settings.max_message_bytes}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if self._session.tls_context and not self._session.secure:
            extensions.append("STARTTLS")
        if self._may_log_in():
            extensions.append(f"AUTH {auth.MECHANISMS}")
        lines = [self._session.hostname, *extensions]
        replies = [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]
        await self._session.reply("\r\n".join(replies))

    async def starttls(self, argument: str) -> None:
        if self._session.secure:
            await self._session.reply("503 5.5.1 Already using TLS")
        elif argument:
            await self._session.reply("501 5.5.4 Syntax: STARTTLS")
        else:
            await self._session.start_tls()

    async def auth(self, argument: str) -> None:
        if self._settings.auth == "off":
            await self._session.reply("502 5.5.1 AUTH not implemented, and not needed")
        elif not self._greeted or self.transaction is not None or self._authenticated:
            await self._session.reply("503 5.5.1 AUTH is allowed once, after EHLO and before MAIL")
        else:
            try:
                await auth.authenticate(self._settings, argument, self._ask)
            except auth.WrongCredentials as wrong:
                self._refusals.add(self._session.remote_addr, "a login", wrong.reply)
                await self._session.reply(wrong.reply)
                self._failed_logins += 1
                if self._failed_logins >= auth.MAX_FAILURES:
                    await self._session.reply("421 4.7.0 Too many failed logins")
                    self.ended = True
            except auth.Failed as failed:
                await self._session.reply(failed.reply)
            else:
                self._authenticated = True
                await self._session.reply("235 2.7.0 Authentication succeeded")

    async def mail(self, argument: str) -> None:
        path = await self._path("MAIL FROM", argument)
        if path is None:
            return
        sender, parameters = path
        if self.transaction is not None and not self.transaction.failed:
            await self._session.reply("503 5.5.1 A message has been begun already, send RSET first")
        elif self._settings.auth == "required" and not self._authenticated:
            await self._session.reply("530 5.7.0 Authentication required")
        elif (refusal := _refusal(parameters, self._settings.max_message_bytes)) is not None:
            await self._session.reply(refusal)
        else:
            self.transaction = Transaction(sender)
            await self._session.reply("250 2.1.0 OK")

    async def rcpt(self, argument: str) -> None:
        path = await self._path("RCPT TO", argument)
        if path is None:
            return
        address, parameters = path
        if self.transaction is None:
            await self._session.reply("503 5.5.1 Send MAIL first")
        elif parameters:
            await self._session.reply("555 5.5.4 Parameters not recognized")
        elif len(self.transaction.targets) >= self._settings.max_recipients:
            await self._session.reply("452 4.5.3 Too many recipients")
        else:
            self.transaction.tried = True
            try:
                target = await self._delivery.recipient(address)
            except Refused as refused:
                self._refusals.add(self._session.remote_addr, loggable(address), refused.reply)
                await self._session.reply(refused.reply)
            else:
                self.transaction.targets.append(target)
                self._patience.recipient()
                await self._session.reply("250 2.1.5 OK")

    async def data(self, argument: str) -> None:
        transaction = self.transaction
        if argument:
            await self._session.reply("501 5.5.4 Syntax: DATA")
        elif transaction is None:
            await self._session.reply("503 5.5.1 Send MAIL first")
        elif not transaction.targets:
            await self._session.reply("503 5.5.1 Send RCPT first")
        else:
            data = await self._reception.receive()
            self.transaction = None
            if await self._reception.accept(data, transaction.sender, transaction.targets):
                self._patience.renew()

    async def rset(self, argument: str) -> None:
        self.transaction = None
        await self._session.reply("250 2.0.0 OK")

    async def noop(self, argument: str) -> None:
        await self._session.reply("250 2.0.0 OK")

    async def vrfy(self, argument: str) -> None:
        await self._session.reply("252 2.5.0 Send some mail, I'll try my best")

    async def expn(self, argument: str) -> None:
        await self._session.reply("502 5.5.1 EXPN not implemented")

    async def help(self, argument: str) -> None:
        await self._session.reply("214 2.0.0 Mail to <uuid>@domain or <ping key>+<slug>@domain reports a job")

    async def quit(self, argument: str) -> None:
        self.ended = True
        await self._session.reply("221 2.0.0 Bye")
        if self._session.flushed:
            self._reception.heard()

    def _may_log_in(self) -> bool:
        if self._settings.auth == "off" or self._authenticated:
            return False
        return self._session.secure or not self._settings.require_tls

    async def _ask(self, challenge: str) -> bytes | None:
        await self._session.reply(challenge)
        return await self._session.read_line()

    async def _path(self, command: str, argument: str) -> tuple[str, str] | None:
        """The path and the parameters of MAIL or RCPT, None if the client has been answered instead."""
        if not self._greeted:
            await self._session.reply("503 5.5.1 Send HELO or EHLO first")
            return None
        keyword = command.partition(" ")[2] + ":"
        if not argument.upper().startswith(keyword) or not argument[len(keyword) :].strip():
            await self._session.reply(f"501 5.5.4 Syntax: {command}:<address>")
            return None
        path = split_path(argument[len(keyword) :])
        if path is None:
            await self._session.reply(
                f"553 5.1.3 Malformed address: send nothing but the address, {command}:<name@example.org>"
            )
        return path


_COMMANDS = {
    "HELO": Commands.helo,
    "EHLO": Commands.ehlo,
    "STARTTLS": Commands.starttls,
    "AUTH": Commands.auth,
    "MAIL": Commands.mail,
    "RCPT": Commands.rcpt,
    "DATA": Commands.data,
    "RSET": Commands.rset,
    "NOOP": Commands.noop,
    "VRFY": Commands.vrfy,
    "EXPN": Commands.expn,
    "HELP": Commands.help,
    "QUIT": Commands.quit,
}


def _refusal(parameters: str, max_bytes: int) -> str | None:
    """What is wrong with the parameters of MAIL (RFC 1870, 4954, 6152, 6531), None if nothing is."""
    for parameter in parameters.upper().split():
        name, _, value = parameter.partition("=")
        if name == "SIZE" and _SIZE.fullmatch(value):
            if int(value) > max_bytes:
                return TOO_LARGE
        elif name in ("SIZE", "BODY", "SMTPUTF8"):
            known = (name == "BODY" and value in ("7BIT", "8BITMIME")) or parameter == "SMTPUTF8"
            if not known:
                return f"501 5.5.4 Bad value of {name}"
        elif name != "AUTH":
            return "555 5.5.4 Parameters not recognized"
    return None
