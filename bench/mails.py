"""Emails per second on 16 connections, expensive emails, and how long other clients wait meanwhile.

The emails have 2 kB and go to checks that have all filters enabled.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from time import perf_counter

from bench.bystander import Bystander, stand_by
from bench.processes import Processes
from bench.running import running_server
from bench.smtp_client import COSTLY, Connection, mail
from bench.table import Row, memory_row
from tests.e2e.server import RealServer

CONNECTIONS = 16
CHECKS = 100
MANY = 5000  # emails between the two measurements of memory
SETTINGS = {
    "filter_subject": True,
    "filter_body": True,
    "failure_kw": "error,failed,could not be completed",
    "success_kw": "finished without errors,OK",
    "start_kw": "started",
}


def rows(seconds: float) -> Iterator[Row]:
    with running_server() as (server, _):
        key = server.create_project("mails")["api_key"]
        uuids = [
            server.api("checks/", key, {"name": f"check {n}", **SETTINGS})["uuid"] for n in range(CHECKS)
        ]
        recipients = [f"{uuid}@hc.example.org" for uuid in uuids]
        ping = f"/ping/{server.api('checks/', key, {'name': 'by HTTP'})['uuid']}"
        processes, numbers = Processes(server), itertools.count()
        asyncio.run(load(server, recipients, ping, numbers, seconds, True))
        for reuse in (False, True):
            before = processes.usage()
            sent, rate, bystander = asyncio.run(load(server, recipients, ping, numbers, 2 * seconds, reuse))
            cpu_server, cpu_database = (processes.usage() - before).per(sent)
            yield Row(
                what=f"emails, {'one connection for all' if reuse else 'a connection each'}",
                rate=rate,
                cpu_server=cpu_server,
                cpu_database=cpu_database,
                remarks=str(bystander),
            )
        yield memory_row("memory after these emails", processes)
        asyncio.run(load(server, recipients, ping, itertools.islice(numbers, MANY), 600, True))
        yield memory_row(f"memory after {MANY} emails more", processes)
        for name, message in COSTLY.items():
            took, bystander = asyncio.run(load_costly(server, recipients[0], ping, message))
            yield Row(what=f"an email, {name}", p50=1000 * took, remarks=str(bystander))


async def send_mails(
    port: int, recipients: Sequence[str], numbers: Iterator[int], until: float, reuse: bool
) -> int:
    """Send until that moment or the end of the numbers. Returns how many emails were sent."""
    sent = 0
    connection = await Connection.open(port) if reuse else None
    for number in numbers:
        if perf_counter() > until:
            break
        current = connection or await Connection.open(port)
        await current.send(recipients[number % len(recipients)], mail(number))
        if connection is None:
            await current.close()
        sent += 1
    return sent


async def load(
    server: RealServer,
    recipients: Sequence[str],
    ping: str,
    numbers: Iterator[int],
    seconds: float,
    reuse: bool,
) -> tuple[int, float, Bystander]:
    """The emails sent, how many a second, and how long other clients waited meanwhile."""
    bystander = asyncio.create_task(stand_by(server.http_port, ping))
    began = perf_counter()
    senders = [
        send_mails(server.smtp_port, recipients, numbers, began + seconds, reuse) for _ in range(CONNECTIONS)
    ]
    sent = sum(await asyncio.gather(*senders))
    took = perf_counter() - began
    bystander.cancel()
    return sent, sent / took, await bystander


async def load_costly(
    server: RealServer, recipient: str, ping: str, message: bytes
) -> tuple[float, Bystander]:
    """Returns how many seconds an expensive email took, and how long other clients waited meanwhile."""
    connection = await Connection.open(server.smtp_port)
    bystander = asyncio.create_task(stand_by(server.http_port, ping))
    await asyncio.sleep(0.2)
    began = perf_counter()
    await connection.send(recipient, message)
    took = perf_counter() - began
    await asyncio.sleep(0.2)
    bystander.cancel()
    await connection.close()
    return took, await bystander
