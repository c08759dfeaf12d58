"""The embedded database, used when no MongoDB is configured: SecantusDB as a child process on a folder.

It is used over its socket only, like any MongoDB. It listens on the loopback interface and asks for a
password that only the owner of the data folder can read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.data_directory import DataDirectory, DataDirectoryInUse, Running
from hcserver.embedded.process import (
    POLL,
    STOP_LIMIT,
    DatabaseProcess,
    free_port,
    nudge,
    on_port,
    public_command,
    require_installed,
    send_signal,
)
from hcserver.embedded.provisioning import Untrusted, port_uri, provision, verify
from hcserver.errors import HcError

log = logging.getLogger(__name__)

# All in seconds.
LOCK_WAIT = 10.0  # a command may use the folder for a moment
LOCK_POLL = 0.05
ORPHAN_WAIT = 1.0
FIRST_DELAY = 0.1  # before a restart; doubled each time the database soon ends again
LAST_DELAY = 30.0
STEADY = 60.0  # after running for this long, the next restart begins with FIRST_DELAY again

_PORT_ATTEMPTS = 3


class EmbeddedDatabase:
    """The database on one data folder, owned by this process from `start` to `stop`.

    If it ends by itself it is started again on the same port, so that clients find it again. With `shared`
    other hcserver commands may find and use it (see access.py).
    """

    def __init__(self, settings: EmbeddedSettings, *, shared: bool = True) -> None:
        self._settings = settings
        self._shared = shared
        self._folder = DataDirectory(settings.path)
        self._process: DatabaseProcess | None = None
        self._supervisor: asyncio.Task[None] | None = None

    async def start(self, *, wait: float = LOCK_WAIT) -> str:
        """Start it and return its URI with the password; wait up to `wait` seconds for a folder in use.

        Raises ConfigError when SecantusDB isn't installed or the folder can't be used, DataDirectoryInUse
        when another hcserver uses it, HcError when the database doesn't start or lets in others.
        """
        require_installed()
        self._folder.prepare()
        await self._lock(wait)
        try:
            await _end_orphan(self._folder)
            uri, port = await self._open()
        except OSError as error:
            await self.stop()
            raise HcError(f"the embedded database can't be started: {error}") from error
        except BaseException:
            await self.stop()
            raise
        self._supervisor = asyncio.create_task(self._supervise(port), name="embedded database")
        return uri

    async def stop(self) -> None:
        """Stop it and release the folder; harmless when it isn't running."""
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
            await asyncio.sleep(LOCK_POLL)

    async def _open(self) -> tuple[str, int]:
        """Start the database, after making it if there is none; returns its URI and port."""
        credentials = self._folder.credentials()
        fresh = credentials is None
        if credentials is None:
            credentials = await provision(self._settings, self._folder)
        port = await self._launch_anywhere()
        try:
            await verify(port, credentials, fresh=fresh)
        except Untrusted as error:
            await self._halt()
            if not fresh:
                raise HcError(
                    f"the embedded database on {self._folder.path} lets in {error}: somebody may have "
                    "changed it, so it is not used"
                ) from error
            self._folder.discard()
            raise HcError(
                f"the new embedded database let in {error}: it was removed again; somebody on this machine "
                "interfered, or this SecantusDB does not fit"
            ) from error
        return port_uri(port, credentials), port

    async def _launch_anywhere(self) -> int:
        """Start the database on a free port and return the port; retry if another process takes the port."""
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = free_port()
            try:
                await self._launch(port)
            except HcError:
                if attempt == _PORT_ATTEMPTS or "Address already in use" not in self._folder.last_words():
                    raise
            else:
                return port
        raise AssertionError("unreachable")

    async def _launch(self, port: int) -> None:
        """Start the database and wait until it listens. Raises HcError, OSError."""
        command = public_command(self._settings, self._folder, port)
        process = await DatabaseProcess.spawn(self._folder, command, on_port(port))
        self._process = process
        self._folder.set_running(Running(process.pid, port, self._shared))
        await process.until_listening()

    async def _supervise(self, port: int) -> None:
        """Start the database again whenever it ends, after a pause that doubles while it keeps ending."""
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY
        while True:
            assert self._process is not None
            since = loop.time()
            status = await self._process.wait()
            if loop.time() - since >= STEADY:
                delay = FIRST_DELAY
            log.error(
                "the embedded database ended (exit status %s), starting it again in %g s", status, delay
            )
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_DELAY)
            try:
                await self._launch(port)
            except (HcError, OSError) as error:
                log.error("%s", error)
            else:
                log.warning("the embedded database is back")

    async def _halt(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.stop()
            self._folder.set_running(None)


async def _end_orphan(folder: DataDirectory) -> None:
    """Stop a database whose owner has ended: only one process can open its files.

    The caller holds the folder's lock, so there is no other owner. Raises HcError if it does not end.
    """
    orphan = folder.running()
    if orphan is None:
        return
    log.warning("an embedded database without an owner is running (process %d), stopping it", orphan.pid)
    # On Linux it ends by itself together with its owner (parent_death.py), elsewhere it does not.
    for number, limit in ((None, ORPHAN_WAIT), (signal.SIGTERM, STOP_LIMIT), (signal.SIGKILL, STOP_LIMIT)):
        if number is not None:
            send_signal(orphan.pid, number)
        if await _ended(folder, orphan.port, limit):
            return
    raise HcError(f"process {orphan.pid}, a database without an owner on {folder.path}, does not end")


async def _ended(folder: DataDirectory, port: int, limit: float) -> bool:
    """Whether the folder's database ends within `limit` seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit):
            while folder.running() is not None:
                await nudge(on_port(port))
                await asyncio.sleep(POLL)
            return True
    return False
