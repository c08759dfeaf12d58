"""The embedded database: SecantusDB as a child process on the data folder, for when no MongoDB is configured.

It is spoken to over its socket only, like any MongoDB. It listens on the loopback interface and asks for a
password that only the owner of the data folder can read.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded import parent_death
from hcserver.embedded.data_directory import Credentials, DataDirectory, DataDirectoryInUse, Running
from hcserver.errors import ConfigError, HcError

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
USER = "hcserver"

# All in seconds.
LOCK_WAIT = 10.0  # a command may be using the folder for a moment
POLL = 0.01
START_LIMIT = 120.0  # after a crash with much in the log, recovery takes its time
STOP_LIMIT = 5.0
SIGNAL_INTERVAL = 0.25
ORPHAN_WAIT = 1.0
FIRST_DELAY = 0.1  # before a restart; doubled each time it ends soon again
LAST_DELAY = 30.0
STEADY = 60.0  # it ran for this long: the next failure is a new story
VERIFY_LIMIT = 10.0

_PORT_ATTEMPTS = 3
_UNAUTHORIZED = 13  # MongoDB's error code


class EmbeddedDatabase:
    """The database on one data folder, owned by this process from `start` to `stop`.

    It is started again when it dies, on the same port, so that clients find it again. With `shared` other
    hcserver commands may find and use it (`connect_running`).
    """

    def __init__(self, settings: EmbeddedSettings, *, shared: bool = True) -> None:
        self._settings = settings
        self._shared = shared
        self._folder = DataDirectory(settings.path)
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._supervisor: asyncio.Task[None] | None = None

    async def start(self, *, wait: float = LOCK_WAIT) -> str:
        """Start it and return its URI, password included; a folder in use is waited for `wait` seconds.

        Raises ConfigError when SecantusDB isn't installed or the folder can't be used, DataDirectoryInUse
        when another hcserver has it, HcError when the database doesn't start or can't be trusted.
        """
        _require_installed()
        self._folder.prepare()
        await self._lock(wait)
        try:
            await self._end_orphan()
            credentials = self._folder.credentials()
            fresh = credentials is None
            if credentials is None:
                credentials = await self._provision()
            port = await self._launch_anywhere(self._folder.database, auth=True)
            uri = _uri(port, credentials)
            await self._verify(uri, port, fresh=fresh)
        except OSError as error:
            await self.stop()
            raise HcError(f"the embedded database can't be started: {error}") from error
        except BaseException:
            await self.stop()
            raise
        self._supervisor = asyncio.create_task(self._supervise(port), name="embedded database")
        return uri

    async def stop(self) -> None:
        """Stop it and give the folder up; harmless when it isn't running."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        await self._halt()
        self._folder.unlock()

    async def _lock(self, wait: float) -> None:
        deadline = asyncio.get_running_loop().time() + wait
        while True:
            try:
                return self._folder.try_lock()
            except DataDirectoryInUse:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(0.05)

    async def _end_orphan(self) -> None:
        """Stop a database whose owner is gone (we hold the lock): only one process can have its files."""
        orphan = self._folder.running()
        if orphan is None:
            return
        log.warning("an embedded database was left behind (process %d), waiting for its end", orphan.pid)
        # On Linux it ends with its owner (parent_death.py) and is only just about to; elsewhere it lives on.
        for number, limit in (
            (None, ORPHAN_WAIT),
            (signal.SIGTERM, STOP_LIMIT),
            (signal.SIGKILL, STOP_LIMIT),
        ):
            if number is not None:
                _signal(orphan.pid, number)
            if await self._gone(orphan.port, limit):
                return
        raise HcError(f"process {orphan.pid}, a database left behind on {self._folder.path}, does not end")

    async def _gone(self, port: int, limit: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while self._folder.running() is not None:
                    await _nudge(port)
                    await asyncio.sleep(POLL)
                return True
        return False

    async def _provision(self) -> Credentials:
        """Make a new database with its user.

        SecantusDB has no localhost exception: users are made while it asks for no password. That is for a
        fraction of a second, on files that become the database only after it has ended; `_verify` then looks
        for uninvited users.
        """
        fresh = self._folder.path / "db.new"
        shutil.rmtree(fresh, ignore_errors=True)
        port = await self._launch_anywhere(fresh, auth=False)
        process = self._process
        credentials = Credentials(USER, secrets.token_urlsafe(32))
        try:
            await asyncio.to_thread(_create_user, port, credentials)
        except PyMongoError as error:
            raise HcError(f"the embedded database can't be set up: {error}") from error
        # Had somebody else been quicker to listen on the port, ours would have ended at once.
        if process is None or process.returncode is not None:
            raise HcError(f"the embedded database can't be set up: {self._folder.last_words()}")
        await self._halt()
        self._folder.adopt(credentials, fresh)
        return credentials

    async def _verify(self, uri: str, port: int, *, fresh: bool) -> None:
        """Make sure that our password opens it, that it needs one, and that there is no user but ours."""
        try:
            users = await asyncio.to_thread(_users, uri)
            open_to_all = await asyncio.to_thread(_answers_anybody, port)
        except PyMongoError as error:
            raise HcError(
                f"the embedded database on {self._folder.path} refuses its password: {error}"
            ) from error
        if users == [f"admin.{USER}"] and not open_to_all:
            return
        found = "anybody" if open_to_all else ", ".join(users) or "nobody"
        await self._halt()
        if fresh:
            self._folder.discard()
            raise HcError(
                f"the new embedded database let in {found}, not only us: it was removed again; somebody on "
                "this machine interfered, or this SecantusDB doesn't fit"
            )
        raise HcError(
            f"the embedded database on {self._folder.path} lets in {found}, not only us: it may have been "
            "tampered with and is not used"
        )

    async def _launch_anywhere(self, database: Path, *, auth: bool) -> int:
        """Start it on a free port and return that; when another process is quicker to take it, try again."""
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = _free_port()
            try:
                await self._launch(database, port, auth=auth)
            except HcError:
                if attempt == _PORT_ATTEMPTS or "Address already in use" not in self._folder.last_words():
                    raise
            else:
                return port
        raise AssertionError("unreachable")

    async def _launch(self, database: Path, port: int, *, auth: bool) -> None:
        """Start it and wait until it listens. Raises HcError with its last words when it ends instead."""
        output = self._folder.open_log()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *_command(self._settings, self._folder.config, database, port, auth=auth),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={name: value for name, value in os.environ.items() if not name.startswith("HCSERVER_")},
                # Of its own, so that Ctrl-C in the terminal reaches us alone and the database ends last.
                start_new_session=True,
                umask=0o077,
            )
        finally:
            os.close(output)
        self._port = port
        self._folder.set_running(Running(self._process.pid, port, self._shared and auth))
        await self._listening(self._process, port)

    async def _listening(self, process: asyncio.subprocess.Process, port: int) -> None:
        try:
            async with asyncio.timeout(START_LIMIT):
                while process.returncode is None:
                    if await _nudge(port):
                        return
                    await asyncio.sleep(POLL)
        except TimeoutError:
            await self._halt()
            raise HcError(
                f"the embedded database did not start within {START_LIMIT:g} s; see {self._folder.log}"
            ) from None
        raise HcError(
            f"the embedded database ended at once (exit status {process.returncode}): "
            f"{self._folder.last_words()}; see {self._folder.log}"
        )

    async def _supervise(self, port: int) -> None:
        """Start it again whenever it ends, after a pause that doubles while it keeps ending."""
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY
        while True:
            since = loop.time()
            # None: it did not come up in time, and was ended.
            status = None if self._process is None else await self._process.wait()
            if loop.time() - since >= STEADY:
                delay = FIRST_DELAY
            log.error(
                "the embedded database ended (exit status %s), starting it again in %g s", status, delay
            )
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_DELAY)
            try:
                await self._launch(self._folder.database, port, auth=True)
            except (HcError, OSError) as error:
                log.error("%s", error)
            else:
                log.warning("the embedded database is back")

    async def _halt(self) -> None:
        """End the process, in the end by force: that loses nothing, as every write is synced."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_LIMIT):
                await self._ask_to_end(process)
        if process.returncode is None:
            _signal(process.pid, signal.SIGKILL)
            await process.wait()
        self._folder.set_running(None)

    async def _ask_to_end(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        again = loop.time()
        while process.returncode is None:
            # Seen on a busy machine: the signal is caught, but the handler waits for the next one.
            if loop.time() >= again:
                _signal(process.pid, signal.SIGTERM)
                again = loop.time() + SIGNAL_INTERVAL
            await _nudge(self._port)
            await asyncio.sleep(POLL)


async def connect_running(settings: EmbeddedSettings) -> str | None:
    """The URI of the database that a running server has on the folder; None when there is none.

    Raises ConfigError when the folder can't be read.
    """
    folder = DataDirectory(settings.path)
    running = folder.running()
    if running is None or not running.shared:
        return None
    credentials = folder.credentials()
    if credentials is None:
        return None
    uri = _uri(running.port, credentials)
    try:
        await asyncio.to_thread(_users, uri)
    except PyMongoError as error:
        log.debug("the embedded database of process %d can't be used: %s", running.pid, error)
        return None
    return uri


@asynccontextmanager
async def running_or_own(settings: EmbeddedSettings, *, wait: float = LOCK_WAIT) -> AsyncIterator[str]:
    """The URI of the running database, or of one that lives as long as the context; for commands.

    A folder that another command has for itself is waited for. Raises what `EmbeddedDatabase.start` raises.
    """
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        uri = await connect_running(settings)
        if uri is not None:
            yield uri
            return
        own = EmbeddedDatabase(settings, shared=False)
        try:
            uri = await own.start(wait=0)
        except DataDirectoryInUse:
            if asyncio.get_running_loop().time() >= deadline:
                raise
            await asyncio.sleep(0.05)
            continue
        try:
            yield uri
        finally:
            await own.stop()
        return


def _require_installed() -> None:
    # Looked up, never imported: it is under the GPL.
    if importlib.util.find_spec("secantus") is None:
        raise ConfigError(
            "mongodb.uri is empty and the embedded database isn't installed: "
            "pip install SecantusDB, or set mongodb.uri"
        )


def _command(settings: EmbeddedSettings, config: Path, database: Path, port: int, *, auth: bool) -> list[str]:
    # -P: a folder named secantus in the working directory is not what we mean.
    server = ["-P", "-m", "secantus", "--config", os.fspath(config), "--host", HOST, "--port", str(port)]
    server += ["--storage-path", os.fspath(database), "--cache-size", settings.cache_size]
    # Without --sync-on-commit a crash loses acknowledged writes.
    server += ["--sync-on-commit", "--log-level", "WARNING"]
    if auth:
        server.append("--auth")
    if sys.platform != "linux":
        return [sys.executable, *server]
    return [sys.executable, "-I", "-S", os.path.abspath(parent_death.__file__), str(os.getpid()), *server]


def _signal(pid: int, number: signal.Signals) -> None:
    # Not Process.send_signal: that may reap the process before asyncio's watcher does.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


async def _nudge(port: int) -> bool:
    """Connect and hang up; whether somebody listens there.

    SecantusDB notices that it is to end when its accept(2) returns, else after 2 s.
    """
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _uri(port: int, credentials: Credentials) -> str:
    # retryWrites: each one makes the server search its latest 10,000 writes. directConnection: it says of
    # itself that it is a replica set.
    return (
        f"mongodb://{credentials.user}:{credentials.password}@{HOST}:{port}"
        "/?authSource=admin&directConnection=true&retryWrites=false"
    )


def _client(uri: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(
        uri, timeoutMS=int(VERIFY_LIMIT * 1000), serverSelectionTimeoutMS=int(VERIFY_LIMIT * 1000)
    )


def _create_user(port: int, credentials: Credentials) -> None:
    with _client(f"mongodb://{HOST}:{port}/?directConnection=true") as client:
        client.admin.command("createUser", credentials.user, pwd=credentials.password, roles=["root"])


def _users(uri: str) -> list[str]:
    """All users of all databases, as database.user."""
    with _client(uri) as client:
        return sorted(f"{user['db']}.{user['user']}" for user in client.admin["system.users"].find())


def _answers_anybody(port: int) -> bool:
    with _client(f"mongodb://{HOST}:{port}/?directConnection=true") as client:
        try:
            client.admin.command("listDatabases")
        except OperationFailure as error:
            return error.code != _UNAUTHORIZED
        return True
