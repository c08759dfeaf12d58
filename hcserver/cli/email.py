"""hcserver classify, hcserver email test: try out how emails are classified and received."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import sys
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from uuid import UUID

import click

from hcserver.cli.commands import open_services
from hcserver.cli.output import current_settings, harmless, json_option, print_json, print_table, run
from hcserver.config.schema import SmtpSettings
from hcserver.config.types import ALL_HOSTS
from hcserver.domain.check import Check
from hcserver.domain.keywords import Reason
from hcserver.domain.ping import Ping
from hcserver.errors import Ambiguous, HcError, NotFound
from hcserver.services.classification.dry_run import dry_run
from hcserver.services.container import Services

SENDER = "self-test@hcserver.invalid"
# The addresses at which a listener on all addresses can be reached.
_ANYWHERE = {"0.0.0.0": "127.0.0.1", ALL_HOSTS: "127.0.0.1", "::": "::1"}
_PROXY_HEADER = b"PROXY UNKNOWN\r\n"  # PROXY protocol, section 2.1: the sender says nothing about a client
_TIMEOUT = 10.0  # seconds for each step of the conversation


@click.command()
@click.argument("check")
@json_option
def classify(check: str, as_json: bool) -> None:
    """Classify the email on standard input for CHECK (uuid, slug or name). Nothing is recorded."""
    raw = b"" if sys.stdin is None else sys.stdin.buffer.read()  # None: it is closed

    async def work() -> Check:
        async with open_services() as services:
            return await _find(services, check)

    result = dry_run(raw, run(work()))
    if as_json:
        print_json(result)
        return
    click.echo(_explained(result.reason))
    for name, searched in (("subject", result.subject), ("body", result.text)):
        click.echo(f"\n{name}: " + ("not searched" if searched is None else harmless(searched)))


@click.group()
def email() -> None:
    """Try the reception of emails."""


@email.command()
@click.argument("check")
@click.option("--subject", default="hcserver self-test", help="The subject of the email.")
@click.option("--body", default="This is a test.", help="The text of the email.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The port of the listener, if it is not smtp.port."
)
@json_option
def test(check: str, subject: str, body: str, port: int | None, as_json: bool) -> None:
    """Send an email to CHECK (uuid, slug or name) through the listener of the running server.

    The check gets a real ping, which is then shown.
    """
    settings = current_settings().smtp

    async def work() -> Ping:
        async with open_services() as services:
            found = await _find(services, check)
            before = found.n_pings
            dialogue = await asyncio.to_thread(_send, settings, port, found, subject, body)
            click.echo(dialogue, err=True)
            for ping in reversed(await services.storage.pings.tail(found.id, before)):
                if ping.scheme == "email" and ping.sender == SENDER:
                    return ping
            raise HcError("the email was accepted, but it made no ping: does the server use this database?")

    ping = run(work())
    if as_json:
        print_json({"n": ping.n, "type": ping.type, "reason": ping.reason})
    else:
        reason = "" if ping.reason is None else f" {_explained(ping.reason)}"
        if ping.reason is not None and ping.type != ping.reason.signal:
            reason = " It changes nothing: the check is paused until somebody resumes it."
        print_table(("ping", "type", "subject", "from"), [(ping.n, ping.type, ping.subject, ping.sender)])
        click.echo(f"It works.{reason}")


async def _find(services: Services, name: str) -> Check:
    """The check with this uuid, or the only check of all projects with this slug or name.

    Raises NotFound, Ambiguous.
    """
    try:
        return await services.cache.get(UUID(name))
    except (ValueError, NotFound):
        pass  # a slug or name may look like a uuid
    found = [
        check
        for project in await services.projects.all()
        for check in await services.checks.of_project(project.id)
        if name in (check.slug, check.name)
    ]
    if not found:
        raise NotFound(f"there is no check {name!r}")
    if len(found) > 1:
        raise Ambiguous(f"several checks are named {name!r}: give the uuid")
    return found[0]


class _ThroughNoProxy(smtplib.SMTP):
    """A client for a listener that expects the header of the PROXY protocol."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        connection.sendall(_PROXY_HEADER)
        return connection


def _send(settings: SmtpSettings, port: int | None, check: Check, subject: str, body: str) -> str:
    """Send the email and return a sentence about it for people. Raises HcError."""
    port = port or settings.port
    if not port:
        raise HcError("smtp.port is 0: the server accepts no emails (or give the port: --port)")
    message = EmailMessage()
    message["Subject"] = " ".join(_readable(subject).split())
    message["From"] = SENDER
    message["To"] = recipient = f"{check.id}@{settings.domains[0]}"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="hcserver.invalid")
    message.set_content(_readable(body))
    host = _ANYWHERE.get(settings.host, settings.host)
    try:
        client = _ThroughNoProxy if settings.proxy_protocol else smtplib.SMTP
        with client(host, port, timeout=_TIMEOUT) as smtp:
            if settings.require_tls:
                smtp.starttls()
            if settings.auth == "required":
                smtp.login(settings.auth_username, settings.auth_password)
            smtp.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise HcError(f"sending to {recipient} by {host} port {port} failed: {error}") from error
    return f"Sent an email to {recipient} by {host} port {port}; it was accepted."


def _readable(argument: str) -> str:
    """The argument with U+FFFD for whatever was not UTF-8 on the command line."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _explained(reason: Reason) -> str:
    """A sentence for people."""
    match reason.where:
        case "unfiltered":
            return f"It counts as {reason.signal}: the check filters neither subjects nor bodies."
        case "default":
            return f"It counts as {reason.signal}: none of the check's keywords is in it."
        case "unread":
            return f"It counts as {reason.signal}: it could not be read in time."
        case where:
            return f"It counts as {reason.signal}: {reason.keyword!r} is in its {where}."
