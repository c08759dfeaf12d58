"""One SMTP connection (RFC 5321), on top of aiosmtpd's protocol class.

aiosmtpd brings STARTTLS, the PROXY protocol and the small commands. The command loop and DATA are our own:
aiosmtpd's cancel the running command when a client half-closes (Exim does, when pipelining), read DATA line
by line without letting others run, and make permanent errors of our own troubles.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import ssl
from ipaddress import IPv4Address, IPv6Address

from aiosmtpd.proxy_protocol import V2_CMD, get_proxy
from aiosmtpd.smtp import SMTP, Envelope, TLSSetupException

from hcserver.config.schema import SmtpSettings
from hcserver.errors import NotFound, Unavailable
from smtp.connections import Connections
from smtp.data import Data
from smtp.delivery import Delivery, Message, Target
from smtp.recipients import Refused, split_path

log = logging.getLogger(__name__)

BUSY = "421 4.3.2 Too busy, try again later"
CLOSING = "421 4.3.2 Shutting down, try again later"
TIMED_OUT = "421 4.4.2 Waited too long for you"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors"
TROUBLE = "451 4.3.0 Temporary trouble here, try again later"
NO_ROOM = "452 4.3.1 Too many large messages at a time, try again later"
TOO_LARGE = "552 5.3.4 Message too large"

MAX_ERRORS = 100  # replies of 5xx between two accepted messages before the connection is closed
MAX_COMMAND = 2048  # bytes; RFC 5321 section 4.5.3.1.4 asks for 512 and more for every extension
COMMANDS_PER_TURN = 16  # after which others get theirs, when a client sends them faster than we answer

_PIECE = 64 * 1024  # bytes of a message that are read at a time
_BEFORE_TLS = frozenset(("EHLO", "HELO", "NOOP", "QUIT", "STARTTLS"))  # RFC 3207 section 4
_SIZE = re.compile(r"[0-9]{1,20}", re.ASCII)


class Transaction(Envelope):
    """From MAIL to the end of DATA."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[Target] = []


class Session(SMTP):
    """One connection. aiosmtpd calls `_handle_client` when it is made and cancels it when it is lost."""

    # For the reader below: it takes in twice as much before it makes the client wait.
    line_length_limit = _PIECE

    def __init__(
        self,
        settings: SmtpSettings,
        delivery: Delivery,
        connections: Connections[Session],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._remote_addr = ""
        self._errors = 0
        self._delivering = False
        self._quit = False
        super().__init__(
            handler=None,
            data_size_limit=settings.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.domains[0],
            ident="ESMTP hcserver",
            tls_context=tls,
            require_starttls=settings.require_tls,
            timeout=settings.idle_timeout,
            loop=asyncio.get_running_loop(),
        )
        self._settings = settings
        self._delivery = delivery
        self._connections = connections

    def task(self) -> asyncio.Task[None]:
        """Ends when the connection is over."""
        assert self._handler_coroutine is not None
        return self._handler_coroutine

    def in_transaction(self) -> bool:
        """Whether a message has been begun and not been answered."""
        return self._delivering or self._current().mail_from is not None

    def close_if_idle(self) -> None:
        """Say goodbye unless a message is under way; with one, `_converse` does so behind it."""
        if not self.in_transaction():
            self._hang_up(CLOSING)

    def abort(self) -> None:
        """End the connection without another word."""
        for transport in (self.transport, self._original_transport):
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    # What aiosmtpd calls.

    def eof_received(self) -> bool:
        """The client has sent all that it will; it may still read. TLS in asyncio knows no such state."""
        asyncio.StreamReaderProtocol.eof_received(self)
        return self._tls_protocol is None

    def _create_envelope(self) -> Transaction:
        return Transaction()

    def _timeout_cb(self) -> None:
        self._hang_up(TIMED_OUT)

    async def _handle_client(self) -> None:
        try:
            if await self._welcome():
                await self._converse()
        except (ConnectionError, EOFError, TLSSetupException) as error:
            log.debug("SMTP connection from %s ended: %r", self._remote_addr, error)
        finally:
            self._connections.leave(self)
            self._stop_timer()
            for transport in (self.transport, self._original_transport):
                if transport is not None:
                    transport.close()

    async def _welcome(self) -> bool:
        """Whether the client may stay; it has been told."""
        if not self._connections.enter(self):
            await self._reply(BUSY)
            return False
        peer = self.session.peer if self.session else None
        self._remote_addr = _plain_address(peer[0] if isinstance(peer, tuple) else "")
        if self._settings.proxy_protocol and not await self._read_proxy_line():
            return False
        if not self._connections.locate(self, self._remote_addr):
            await self._reply(BUSY)
            return False
        await self._reply(f"220 {self.hostname} {self.__ident__}")
        return True

    async def _read_proxy_line(self) -> bool:
        """Learn from the proxy whom it speaks for. False: it is no proxy."""
        proxy = await get_proxy(self._reader)
        if not proxy:
            log.warning("%s sent no PROXY protocol header: %s", self._remote_addr, proxy.error)
            return False
        # Version 1 has no commands; LOCAL is the proxy itself, looking whether we are well.
        speaks_for_client = proxy.version == 1 or proxy.command == V2_CMD.PROXY
        if speaks_for_client and isinstance(proxy.src_addr, (IPv4Address, IPv6Address)):
            self._remote_addr = _plain_address(str(proxy.src_addr))
        return True

    async def _converse(self) -> None:
        """Read commands and carry them out until one of us has had enough."""
        commands = 0
        while not self._quit:
            if self._connections.closing and not self.in_transaction():
                await self._reply(CLOSING)
                return
            if self._errors > MAX_ERRORS:
                await self._reply(TOO_MANY_ERRORS)
                return
            commands += 1
            if commands % COMMANDS_PER_TURN == 0:
                await asyncio.sleep(0)
            line = await self._read_command()
            if line is None:
                await self._reply("500 5.5.2 Command line too long")
            else:
                await self._carry_out(line)

    async def _read_command(self) -> bytes | None:
        """The next command line, None if it was too long. Raises EOFError when no more will come."""
        self._reset_timeout()
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            await self._skip_line(error.consumed)
            return None
        return line.rstrip(b"\r\n") if len(line) <= MAX_COMMAND else None

    async def _skip_line(self, consumed: int) -> None:
        while True:
            await self._reader.readexactly(consumed)
            try:
                await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                consumed = error.consumed
            else:
                return

    async def _carry_out(self, line: bytes) -> None:
        verb, _, argument = line.partition(b" ")
        name = verb.decode("latin-1").upper()
        command = self._smtp_methods.get(name)
        if command is None:
            await self._reply("500 5.5.1 Command not recognized")
        elif self.require_starttls and not self._tls_protocol and name not in _BEFORE_TLS:
            await self._reply("530 5.7.0 Must issue a STARTTLS command first")
        else:
            try:
                await command(argument.decode("utf-8", "surrogateescape").strip() or None)
            except (ConnectionError, EOFError, TLSSetupException):
                raise
            except Unavailable as error:
                log.warning("asking %s to try again: %s", self._remote_addr, error)
                await self._reply(TROUBLE)
            except Exception:
                log.exception("SMTP command %s from %s failed", name, self._remote_addr)
                await self._reply(TROUBLE)

    # The commands.

    async def smtp_EHLO(self, arg: str | None) -> None:
        assert self.session is not None
        if not arg:
            await self._reply("501 5.5.4 Syntax: EHLO hostname")
            return
        self.envelope = Transaction()
        self.session.extended_smtp = True
        self.session.host_name = arg
        extensions = [f"SIZE {self._settings.max_message_bytes}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if self.tls_context and not self._tls_protocol:
            extensions.append("STARTTLS")
        lines = [self.hostname, *extensions]
        replies = [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]
        await self._reply("\r\n".join(replies))

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        if self._tls_protocol:
            await self._reply("503 5.5.1 Already using TLS")
            return
        # Not left to the timer: in the middle of a handshake there is nobody to say goodbye to, and asyncio
        # would not tell us of the end.
        self._stop_timer()
        try:
            async with asyncio.timeout(self._settings.idle_timeout):
                await super().smtp_STARTTLS(arg)
        except TimeoutError:
            self.abort()
            raise EOFError("in the middle of a TLS handshake") from None

    async def smtp_MAIL(self, arg: str | None) -> None:
        path = await self._path("MAIL FROM", arg)
        if path is None:
            return
        if self._current().targets:
            await self._reply("503 5.5.1 There is a message begun already")
            return
        sender, parameters = path
        refusal = self._refusal(parameters)
        if refusal is not None:
            await self._reply(refusal)
            return
        self.envelope = Transaction()
        self._current().mail_from = sender
        await self._reply("250 2.1.0 OK")

    async def smtp_RCPT(self, arg: str | None) -> None:
        path = await self._path("RCPT TO", arg)
        if path is None:
            return
        address, parameters = path
        transaction = self._current()
        if transaction.mail_from is None:
            await self._reply("503 5.5.1 Send MAIL first")
        elif parameters:
            await self._reply("555 5.5.4 Parameters not recognized")
        elif len(transaction.targets) >= self._settings.max_recipients:
            await self._reply("452 4.5.3 Too many recipients")
        else:
            try:
                transaction.targets.append(await self._delivery.recipient(address))
            except Refused as refused:
                log.info("refused %s from %s: %s", address[:320], self._remote_addr, refused.reply)
                await self._reply(refused.reply)
            else:
                await self._reply("250 2.1.5 OK")

    async def smtp_DATA(self, arg: str | None) -> None:
        transaction = self._current()
        if arg:
            await self._reply("501 5.5.4 Syntax: DATA")
        elif not transaction.targets:
            await self._reply("503 5.5.1 Send RCPT first")
        else:
            await self._reply("354 End data with <CR><LF>.<CR><LF>")
            self._reset_timeout(self._settings.data_timeout)
            try:
                data = await self._read_data()
                self._stop_timer()
                self.envelope = Transaction()
                await self._accept(transaction, data)
            finally:
                self._connections.give_back(self)

    async def smtp_VRFY(self, arg: str | None) -> None:
        await self._reply("252 2.5.0 Send some mail, I'll try my best")

    async def smtp_EXPN(self, arg: str | None) -> None:
        await self._reply("502 5.5.1 EXPN not implemented")

    async def smtp_AUTH(self, arg: str | None) -> None:
        await self._reply("502 5.5.1 AUTH not implemented, and not needed")

    async def smtp_HELP(self, arg: str | None) -> None:
        await self._reply("214 2.0.0 Mail to <uuid>@domain or <ping key>+<slug>@domain reports a job")

    async def smtp_QUIT(self, arg: str | None) -> None:
        self._quit = True
        await self._reply("221 2.0.0 Bye")

    # Their parts.

    async def _reply(self, text: str) -> None:
        if text.startswith("5"):
            self._errors += 1
        await self.push(text)

    def _current(self) -> Transaction:
        assert isinstance(self.envelope, Transaction)
        return self.envelope

    async def _path(self, command: str, arg: str | None) -> tuple[str, str] | None:
        """The path and the parameters of MAIL or RCPT. None: it can't be had, and the client was told."""
        assert self.session is not None
        if not self.session.host_name:
            await self._reply("503 5.5.1 Send HELO or EHLO first")
            return None
        keyword = command.partition(" ")[2] + ":"
        if arg is None or not arg.upper().startswith(keyword) or not arg[len(keyword) :].strip():
            await self._reply(f"501 5.5.4 Syntax: {command}:<address>")
            return None
        path = split_path(arg[len(keyword) :])
        if path is None:
            await self._reply("553 5.1.3 Malformed address")
        return path

    def _refusal(self, parameters: str) -> str | None:
        """What is wrong with the parameters of MAIL (RFC 1870, RFC 6152, RFC 6531), None if nothing is."""
        for parameter in parameters.upper().split():
            name, _, value = parameter.partition("=")
            if name == "SIZE" and _SIZE.fullmatch(value):
                if int(value) > self._settings.max_message_bytes:
                    return TOO_LARGE
            elif name in ("SIZE", "BODY", "SMTPUTF8"):
                known = (name == "BODY" and value in ("7BIT", "8BITMIME")) or parameter == "SMTPUTF8"
                if not known:
                    return f"501 5.5.4 Bad value of {name}"
            else:
                return "555 5.5.4 Parameters not recognized"
        return None

    async def _read_data(self) -> Data:
        """Read up to the end of the message. Raises EOFError if the client goes before."""
        data = Data(self._settings.max_message_bytes)
        while True:
            piece = await self._reader.read(_PIECE)
            if not piece:
                raise EOFError("in the middle of a message")
            if not (data.too_large or data.no_room or self._connections.take(self, len(piece))):
                data.drop()
            behind = data.feed(piece)
            if behind is not None:
                # Commands sent ahead (RFC 2920) go back to where commands are read from. There is no public
                # way to do so; aiosmtpd reaches into the same buffer for STARTTLS.
                self._reader._buffer[:0] = behind  # type: ignore[attr-defined]
                return data

    async def _accept(self, transaction: Transaction, data: Data) -> None:
        """Deliver, and tell the client. 250 only when the pings of all recipients are durable."""
        if data.too_large or data.no_room:
            await self._reply(TOO_LARGE if data.too_large else NO_ROOM)
            return
        sender = "" if transaction.mail_from in (None, "<>") else _printable(str(transaction.mail_from))
        message = Message(raw=data.content(), sender=sender, remote_addr=self._remote_addr)
        self._delivering = True
        try:
            await self._delivery.deliver(message, transaction.targets)
        except NotFound:
            await self._reply("550 5.1.1 No such check any more")
        else:
            self._errors = 0
            await self._reply("250 2.0.0 OK, recorded")
        finally:
            self._delivering = False

    def _stop_timer(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()

    def _hang_up(self, reply: str) -> None:
        """Say why and close; without a word if the client doesn't even read what was said before."""
        transport = self.transport
        if not isinstance(transport, asyncio.Transport) or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            self.abort()
        else:
            transport.write(reply.encode() + b"\r\n")
            transport.close()


def _plain_address(address: str) -> str:
    """An IP address in its usual form, IPv4 in IPv6 as IPv4; empty if it is none, on a UNIX socket say."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(ip, "ipv4_mapped", None) or ip)


def _printable(text: str) -> str:
    """With what was no UTF-8, and control characters, as U+FFFD."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
