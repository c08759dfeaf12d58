"""The SMTP listener: it accepts connections, and closes them in good order."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence

from tornado.netutil import bind_sockets

from hcserver.config.schema import SmtpSettings
from hcserver.config.types import ALL_HOSTS
from hcserver.domain.clock import Clock, utc_now
from hcserver.errors import ConfigError
from hcserver.net.acceptor import Acceptor
from hcserver.net.byte_budget import ByteBudget
from hcserver.net.certificate import Certificate
from hcserver.net.file_limits import connections_within, raise_file_limit
from hcserver.net.socket_activation import address_of, inherited_sockets
from hcserver.services.classification.pool import Pool
from hcserver.services.delivery.bounces import Bounces
from hcserver.services.intake.intake import Intake
from smtp.connections import Connections
from smtp.delivery import Delivery
from smtp.limits import RefusalLog
from smtp.session import Session

log = logging.getLogger(__name__)

_FILES_SHARE = 1 / 3  # of the files left over; HTTP may have the rest
_BACKLOG = 512  # connections that wait to be accepted; the kernel may allow fewer
_ADDRESS_SHARE = 4  # where the files limit the connections, one address may have a quarter of them


def connection_limits(settings: SmtpSettings) -> tuple[int, int]:
    """The connections in all and per address: the settings, as far as the limit of open files allows."""
    total, per_address = settings.max_connections, settings.max_connections_per_address
    possible = connections_within(raise_file_limit(), _FILES_SHARE)
    if possible >= total:
        return total, per_address
    log.warning("smtp.max_connections: the limit of open files allows %d, not %d", possible, total)
    return possible, min(per_address, max(possible // _ADDRESS_SHARE, 1))


class Listener:
    """Accepts mail from `start` to `stop`, on the running event loop. `pool` reads the messages, `budget`
    limits their memory, `on_reply` hears every reply.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        intake: Intake,
        clock: Clock = utc_now,
        bounces: Bounces | None = None,
        pool: Pool | None = None,
        budget: ByteBudget | None = None,
        on_reply: Callable[[str], None] = lambda reply: None,
    ) -> None:
        self.pool = pool or Pool()
        self._settings = settings
        self._delivery = Delivery(intake, self.pool, settings.domains, clock, bounces)
        self._connections: Connections[Session] = Connections(*connection_limits(settings))
        self._budget = budget or ByteBudget()
        self._on_reply = on_reply
        self._refusals = RefusalLog()
        self._certificate: Certificate | None = None
        self._sockets: list[socket.socket] = []
        self._acceptor: Acceptor | None = None
        self._beginning: set[asyncio.Task[None]] = set()

    @property
    def healthy(self) -> bool:
        """Whether every socket is open for connections."""
        return all(sock.fileno() >= 0 for sock in self._sockets)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    @property
    def addresses(self) -> list[str]:
        """The addresses on which it listens, as host:port."""
        return [address_of(sock) for sock in self._sockets]

    @property
    def ports(self) -> list[int]:
        """The ports on which it listens, each once; a UNIX socket has none."""
        names = [sock.getsockname() for sock in self._sockets]
        return list(dict.fromkeys(name[1] for name in names if isinstance(name, tuple)))

    async def start(self, sockets: Sequence[socket.socket] = ()) -> None:
        """Listen on the given sockets, else on those that systemd opened for us (their names contain "smtp"),
        else on the host and port of the settings; nowhere if that is port 0. Raises ConfigError.
        """
        # aiosmtpd logs every connection in this logger.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._certificate = self._load_certificate()
        self._sockets = [*sockets] or inherited_sockets(os.environ, "smtp") or self._bind()
        for sock in self._sockets:
            sock.listen(_BACKLOG)
        self._acceptor = Acceptor(self._sockets, self._begin)

    async def stop(self, grace: float) -> None:
        """Accept no new connections, give messages under way `grace` seconds to end, then close all."""
        self._connections.closing = True
        if self._acceptor is not None:
            self._acceptor.stop()
        for session in self._connections:
            session.close_if_idle()
        await self._wait(grace)
        for session in self._connections:
            session.abort()
            session.task().cancel()
        await self._wait(None)
        await self.pool.close()
        self._refusals.flush()

    def reload_certificate(self) -> None:
        """Read the certificate again, for the connections to come."""
        if self._certificate is not None:
            self._certificate.reload()

    async def _wait(self, seconds: float | None) -> None:
        tasks = [session.task() for session in self._connections]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    def _load_certificate(self) -> Certificate | None:
        if self._settings.tls_cert:
            return Certificate("smtp", self._settings.tls_cert, self._settings.tls_key)
        if self._settings.require_tls:
            raise ConfigError("smtp.require_tls: needs smtp.tls_cert")
        return None

    def _bind(self) -> list[socket.socket]:
        host, port = self._settings.host, self._settings.port
        if not port:
            return []
        try:
            return bind_sockets(port, None if host == ALL_HOSTS else host, backlog=_BACKLOG)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error
            raise ConfigError(
                f"smtp.host, smtp.port: can't listen on {host}:{port} ({reason}); choose another one, "
                "e.g. HCSERVER_SMTP_PORT=2526, or none: HCSERVER_SMTP_PORT=0"
            ) from error

    def _begin(self, accepted: socket.socket, address: object) -> None:
        beginning = asyncio.create_task(self._serve(accepted))
        self._beginning.add(beginning)
        beginning.add_done_callback(self._beginning.discard)

    async def _serve(self, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._session, accepted)
        except Exception:
            log.exception("can't serve a connection")
            accepted.close()

    def _session(self) -> Session:
        tls = self._certificate.context() if self._certificate else None
        return Session(
            self._settings,
            self._delivery,
            self._connections,
            self._refusals,
            self._budget,
            tls,
            self._on_reply,
        )
