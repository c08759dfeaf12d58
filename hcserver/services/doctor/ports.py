"""The ports of the listeners: free, held by a running hcserver, or held by something else."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from hcserver.config.schema import Settings
from hcserver.config.types import ALL_HOSTS
from hcserver.services.doctor.finding import Finding, error, ok, warning

SUBJECT = "ports"
ANSWER_TIME = 5.0  # seconds that whoever holds a port has to say who he is
_ANSWER_BYTES = 65_536
_UNSPECIFIED = {ALL_HOSTS: "127.0.0.1", "": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


class Port(NamedTuple):
    """A port to listen on, by the name of its setting."""

    name: str
    host: str
    number: int
    greeting: bytes  # what to say first
    tls: bool
    marks: tuple[bytes, ...]  # one of them is in the answer of an hcserver


def ports_of(settings: Settings) -> Iterator[Port]:
    """All ports on which a server with these settings listens."""
    http, smtp = settings.http, settings.smtp
    question = b"GET /api/v3/status/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    healthy_or_ill = (b"\r\n\r\nOK", b'"problems"')
    if not http.tls_only:
        yield Port("http.port", http.host, http.port, question, False, healthy_or_ill)
    if http.tls_cert and http.tls_port:
        yield Port("http.tls_port", http.host, http.tls_port, question, True, healthy_or_ill)
    if smtp.port:
        greeting = b"PROXY UNKNOWN\r\n" if smtp.proxy_protocol else b""
        yield Port("smtp.port", smtp.host, smtp.port, greeting, False, (b" hcserver",))


async def examine_ports(settings: Settings) -> AsyncIterator[Finding]:
    """Nothing listens on the ports longer than it takes to see whether they are free."""
    for port in ports_of(settings):
        yield await _examine(port)


async def _examine(port: Port) -> Finding:
    place = f"{port.name} ({port.host} {port.number})"
    try:
        _listen(port.host, port.number)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            return await _held(port, place)
        if problem.errno == errno.EACCES:
            return warning(SUBJECT, f"{place}: this user may not listen on it")
        return error(SUBJECT, f"{place}: nobody can listen on it: {problem.strerror or problem}")
    return ok(SUBJECT, f"{place} is free")


def _listen(host: str, number: int) -> None:
    """Listen for a moment. Raises OSError."""
    name = None if host in (ALL_HOSTS, "") else host
    for family, kind, protocol, _, address in socket.getaddrinfo(
        name, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        try:
            probe = socket.socket(family, kind, protocol)
        except OSError as problem:
            if problem.errno == errno.EAFNOSUPPORT:
                continue
            raise
        with probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
            probe.listen(1)


async def _held(port: Port, place: str) -> Finding:
    try:
        async with asyncio.timeout(ANSWER_TIME):
            answer = await _answer(port)
    except (OSError, TimeoutError):
        answer = b""
    if any(mark in answer for mark in port.marks):
        return ok(SUBJECT, f"{place} is held by a running hcserver")
    return error(SUBJECT, f"{place} is held by something that does not answer as hcserver does")


async def _answer(port: Port) -> bytes:
    """The beginning of what the holder of the port says. Raises OSError."""
    context = None
    if port.tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # who holds the port is asked, nothing is confided to him
    host = _UNSPECIFIED.get(port.host, port.host)
    reader, writer = await asyncio.open_connection(host, port.number, ssl=context)
    try:
        writer.write(port.greeting)
        answer = b""
        while len(answer) < _ANSWER_BYTES and not any(mark in answer for mark in port.marks):
            piece = await reader.read(_ANSWER_BYTES)
            if not piece:
                break
            answer += piece
        return answer
    finally:
        writer.close()
