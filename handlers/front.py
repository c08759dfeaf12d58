"""The HTTP server: pings go to the slim exchange, everything else to the tornado.web.Application."""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
)
from tornado.netutil import bind_sockets
from tornado.web import Application

from handlers import badges, metrics
from handlers.access_log import AccessLog
from handlers.api import missing
from handlers.api.routes import ROUTES as API_ROUTES
from handlers.client_address import ClientAddresses
from handlers.pages.cached_pages import CachedPages
from handlers.pages.compression import PageCompression
from handlers.pages.missing import MissingPage
from handlers.pages.routes import ROUTES as PAGE_ROUTES
from handlers.pages.static_files import STATIC, TEMPLATES, StaticFiles
from handlers.ping.exchange import PingExchange
from handlers.ping.handler import PingHandler
from handlers.ping.target import PREFIX as PING_PREFIX
from handlers.server.application import ApplicationReceiver
from handlers.server.body_watch import BodyPace
from handlers.server.connection import HttpConnection, ServerConnection
from handlers.server.incoming import Incoming, Receiver
from handlers.server.listener import HttpListener
from handlers.server.request_target import decode_unreserved, syntax_fault
from handlers.server.traffic import Traffic
from hcserver.config.schema import HttpSettings
from hcserver.config.types import ALL_HOSTS
from hcserver.errors import ConfigError
from hcserver.net.byte_budget import ByteBudget
from hcserver.net.certificate import Certificate
from hcserver.net.socket_activation import address_of, inherited_sockets
from hcserver.services.container import Services
from hcserver.services.metrics import CONNECTIONS

log = logging.getLogger(__name__)

_BACKLOG = 1024  # connections that wait in the kernel to be accepted


@asynccontextmanager
async def serve_http(services: Services, budget: ByteBudget, grace: float) -> AsyncIterator[HttpListener]:
    """Serve HTTP as long as the context lasts, and at its end for `grace` seconds what has begun. `budget`
    limits the memory of bodies.

    Raises ConfigError when an address can't be listened on, or a certificate can't be used.
    """
    settings = services.settings.http
    certificate = Certificate("http", settings.tls_cert, settings.tls_key) if settings.tls_cert else None
    sockets, tls_sockets = _sockets(settings)
    front = make_front(services, budget)
    listener = HttpListener(
        front,
        sockets,
        settings,
        front.traffic.is_stopping,
        front.addresses.is_proxy,
        tls_sockets,
        certificate,
    )
    services.metrics.watch(CONNECTIONS, "Open connections.", lambda: listener.connections, "http")
    for sock in sockets:
        log.info("listening for HTTP on %s", address_of(sock))
    for sock in tls_sockets:
        log.info("listening for HTTPS on %s", address_of(sock))
    try:
        yield listener
    finally:
        listener.stop()
        await front.traffic.drain(grace)
        await listener.close_all()


def _sockets(settings: HttpSettings) -> tuple[list[socket.socket], list[socket.socket]]:
    """Those for HTTP and those for HTTPS: what systemd has opened for us, else what the settings name."""
    plain, tls = inherited_sockets(os.environ, "http"), inherited_sockets(os.environ, "https")
    if tls and not settings.tls_cert:
        raise ConfigError("http.tls_cert: needed for the socket for HTTPS that systemd has opened")
    if not plain and not settings.tls_only:
        plain = _bind(settings.host, settings.port, "port", 8001)
    if not tls and settings.tls_cert and settings.tls_port:
        try:
            tls = _bind(settings.host, settings.tls_port, "tls_port", 8444)
        except ConfigError:
            for sock in plain:
                sock.close()
            raise
    return plain, tls


def _bind(host: str, port: int, key: str, another: int) -> list[socket.socket]:
    """`key` is the setting that names the port, `another` a port to suggest in its place."""
    try:
        return bind_sockets(port, None if host == ALL_HOSTS else host, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"http.host, http.{key}: can't listen on {host}:{port} "
            f"({error.strerror or error}); choose another one, e.g. HCSERVER_HTTP_{key.upper()}={another}"
        ) from None


def make_front(services: Services, budget: ByteBudget) -> Front:
    """Everything that the server answers over HTTP."""
    settings = services.settings.http
    traffic = Traffic()
    addresses = ClientAddresses(settings.trusted_proxies)
    application = make_application(services, traffic, addresses)
    return Front(application, PingHandler(services, addresses), settings, traffic, addresses, budget)


def make_application(services: Services, traffic: Traffic, addresses: ClientAddresses) -> Application:
    """The API, badges, pages and all else but pings."""
    application = Application(
        [*API_ROUTES, *missing.ROUTES, *badges.ROUTES, *metrics.ROUTES, *PAGE_ROUTES],
        default_handler_class=MissingPage,
        log_function=lambda handler: None,  # AccessLog does it, for pings as well
        services=services,
        traffic=traffic,
        max_body_bytes=services.settings.http.max_body_bytes,
        api_routes=[(re.compile(pattern), handler) for pattern, handler in API_ROUTES],
        client_addresses=addresses,
        cached_pages=CachedPages(services.clock),
        template_path=str(TEMPLATES),
        static_path=str(STATIC),
        static_handler_class=StaticFiles,
        xsrf_cookie_kwargs={
            "httponly": True,
            "samesite": "Lax",
            "secure": services.settings.http.public_url.startswith("https:"),
        },
    )
    application.add_transform(PageCompression)
    return application


class Front(HTTPServerConnectionDelegate):
    """Decides for each request who answers it."""

    def __init__(
        self,
        application: Application,
        pings: PingHandler,
        settings: HttpSettings,
        traffic: Traffic,
        addresses: ClientAddresses,
        budget: ByteBudget,
    ) -> None:
        self.traffic = traffic
        self.addresses = addresses
        self._application = application
        self._pings = pings
        self._budget = budget
        self._max_body = settings.max_body_bytes
        self._pace = BodyPace(settings.body_timeout, settings.min_body_rate)
        self._on_answered = AccessLog(addresses).answered if settings.access_log else None

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return Incoming(
            cast(ServerConnection, server_conn),
            cast(HttpConnection, request_conn),
            self._open,
            self.traffic,
            self._pace,
            self._budget.share(),
            self._on_answered,
        )

    def on_close(self, server_conn: object) -> None:
        self.traffic.begun.pop(server_conn, None)

    def _open(
        self, connection: HttpConnection, start_line: RequestStartLine, headers: HTTPHeaders
    ) -> Receiver:
        fault = syntax_fault(start_line, headers, connection.bare_line_feeds)
        path, _, query = start_line.path.partition("?")
        if "%" in path:
            plain = decode_unreserved(path)
            if plain.startswith(PING_PREFIX):
                path = plain
        if path.startswith(PING_PREFIX):
            if fault:
                # A ping is recorded rather than lost, but nothing that may hide behind it is read.
                headers["Connection"] = "close"
                connection.close_after_answer()
            return PingExchange(self._pings, connection, start_line, headers, path, query, self.traffic)
        if fault:
            raise HTTPInputError(fault)
        return ApplicationReceiver(self._application, connection, start_line, headers, self._max_body)
