"""With the real processes, and receivers on this machine."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import pytest_asyncio

from hcserver.errors import DeliveryError
from hcserver.notify.alert_message import Receipt
from hcserver.notify.apprise import pool as module
from hcserver.notify.apprise.messages import Message
from hcserver.notify.apprise.pool import ApprisePool
from hcserver.notify.apprise.transport import APPRISE_KINDS
from hcserver.notify.send_context import SendContext
from tests.hcserver.notify.alert_messages import alert_message, ping
from tests.hcserver.receivers import Answer, Request, http_receiver

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HELLO = Message(body="hello")
CHANNEL_KINDS = {kind.name: kind for kind in APPRISE_KINDS}


# One loop for all, as starting the processes takes most of the time.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[ApprisePool]:
    """May reach loopback."""
    opened = ApprisePool(LOOPBACK)
    yield opened
    await opened.close()


async def test_kinds_of_self_hosted_services_reach_them(pool: ApprisePool) -> None:
    async with http_receiver() as receiver:
        context = cast(SendContext, SimpleNamespace(apprise=pool))
        for kind, target, path in (
            ("ntfy", "/backups", "/"),
            ("gotify", "/AbCdEf123456789", "/message"),
            ("mattermost", "/hooks/abcdefghijklmnopqrstuvwxyz", "/hooks/abcdefghijklmnopqrstuvwxyz"),
            ("rocketchat", "/hooks/5f3a0123/AbCdEf0123456789", "/hooks/5f3a0123/AbCdEf0123456789"),
            ("signal", "/+491511234567/+491527654321", "/v2/send"),
        ):
            chosen = CHANNEL_KINDS[kind]
            stored = chosen.normalise(receiver.url + target)
            assert await chosen.send(stored, alert_message(last_ping=ping()), context) == Receipt(status=200)
            sent = receiver.requests[-1]
            assert (sent.method, sent.target) == ("POST", path)
            assert "Nightly backup" in json.dumps(json.loads(sent.body))


async def test_loopback_is_refused_unless_allowed_with_no_connection_made() -> None:
    pool = ApprisePool()
    async with http_receiver() as receiver:
        for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433"):
            with pytest.raises(DeliveryError) as caught:
                await pool.send(f"ntfy://{host}:{receiver.port}/topic?mode=private", HELLO)
            assert not caught.value.transient, host
            assert "may not reach" in str(caught.value), host
        assert receiver.requests == []
    await pool.close()


async def test_other_protocols_and_other_ways_out_are_refused_as_well(pool: ApprisePool) -> None:
    async with http_receiver():
        for url in (
            "mailto://hc:s3cret@10.0.0.5:25?from=hc@example.org&to=ops@example.org&smtp=10.0.0.5",
            "rsyslog://localhost",
            "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/hostname",
        ):
            with pytest.raises(DeliveryError) as caught:
                await pool.send(url, HELLO)
            assert not caught.value.transient, url
            reasons = ("may not reach", "the option template is not taken")
            assert any(reason in str(caught.value) for reason in reasons), url


async def test_a_redirect_to_a_private_address_is_not_followed(pool: ApprisePool) -> None:
    async with http_receiver() as receiver:
        receiver.answer, receiver.location = 307, "http://169.254.169.254/latest"
        with pytest.raises(DeliveryError) as caught:
            await pool.send(f"ntfy://127.0.0.1:{receiver.port}/topic?redirect=yes", HELLO)
        assert caught.value.status == 307


async def test_the_environment_of_the_server_is_not_handed_on(
    pool: ApprisePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HCSERVER_MONGODB_URI", "mongodb://s3cret")
    assert not {"http_proxy", "HCSERVER_MONGODB_URI"} & set(module._environment())
    async with http_receiver() as receiver:
        assert await pool.send(f"ntfy://127.0.0.1:{receiver.port}/topic", HELLO) == Receipt(status=200)


@pytest_asyncio.fixture(loop_scope="module")
async def never() -> AsyncIterator[Answer]:
    """An answer that does not come before the test has ended."""
    ended = asyncio.Event()

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await ended.wait()

    yield answer
    ended.set()
    await asyncio.sleep(0)


async def test_a_service_that_never_answers_is_given_up_and_the_next_one_is_told(
    pool: ApprisePool, never: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with http_receiver() as receiver:
        url = f"ntfy://127.0.0.1:{receiver.port}/topic"
        await pool.send(url, HELLO)  # the process has started
        monkeypatch.setattr(pool, "_time_limit", 0.2)
        receiver.answer = never
        with pytest.raises(DeliveryError, match=r"not done within 0\.2 s") as caught:
            await pool.send(url, HELLO)
        assert caught.value.transient
        monkeypatch.undo()
        receiver.answer = 200
        assert await pool.send(url, HELLO) == Receipt(status=200)


async def test_a_process_that_dies_is_a_failure_to_be_repeated(pool: ApprisePool, never: Answer) -> None:
    async with http_receiver() as receiver:

        async def kill(request: Request, writer: asyncio.StreamWriter) -> None:
            for worker in working:
                os.kill(worker.process.pid, signal.SIGKILL)
            await never(request, writer)

        url = f"ntfy://127.0.0.1:{receiver.port}/topic"
        await pool.send(url, HELLO)
        working = list(pool._processes._idle)
        receiver.answer = kill
        with pytest.raises(DeliveryError, match="has ended") as caught:
            await pool.send(url, HELLO)
        assert caught.value.transient
        receiver.answer = 200
        assert await pool.send(url, HELLO) == Receipt(status=200)


async def test_one_dead_service_leaves_processes_to_others(pool: ApprisePool, never: Answer) -> None:
    async with http_receiver() as receiver:
        waiting = asyncio.Semaphore(0)

        async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
            if b"dead" in request.body:
                waiting.release()
                await never(request, writer)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        receiver.answer = hang
        url = f"ntfy://127.0.0.1:{receiver.port}"
        tasks = [asyncio.create_task(pool.send(f"{url}/dead?rto=60", HELLO)) for _ in range(20)]
        for _ in range(module.PER_TARGET):
            await waiting.acquire()
        assert await pool.send(f"{url}/well", HELLO) == Receipt(status=200)
        assert not any(task.done() for task in tasks)
        assert len([request for request in receiver.requests if b"dead" in request.body]) == module.PER_TARGET
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_without_apprise_sending_fails_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "installed", lambda: False)
    pool = ApprisePool()
    with pytest.raises(DeliveryError, match="pip install") as caught:
        await pool.send("ntfys://ntfy.sh/topic", HELLO)
    assert not caught.value.transient
    await pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the list of processes is read from /proc")
async def test_no_secret_is_in_the_list_of_processes(pool: ApprisePool) -> None:
    listed: list[bytes] = []

    def look() -> None:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                listed.append((process / "cmdline").read_bytes())

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        look()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with http_receiver() as receiver:
        receiver.answer = answer
        context = cast(SendContext, SimpleNamespace(apprise=pool))
        secret = "tk_" + "p1anted"  # not in our own command line
        stored = CHANNEL_KINDS["ntfy"].normalise(f"http://{secret}@127.0.0.1:{receiver.port}/backups")
        await CHANNEL_KINDS["ntfy"].send(stored, alert_message(), context)
    assert any(b"hcserver.notify.apprise.worker" in line for line in listed)
    assert not [line for line in listed if secret.encode() in line]
