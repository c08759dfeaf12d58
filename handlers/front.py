"""Which handler answers which path."""

from __future__ import annotations

from handlers import badges
from handlers.api import channels, checks, classify, notifications, projects, status, windows
from handlers.api.base import PREFIX as API_PREFIX
from handlers.api.base import Api
from handlers.badges import Badges
from handlers.ping.exchange import Request, Response, Route, Router, Server
from handlers.ping.handler import PREFIX as PING_PREFIX
from handlers.ping.handler import Pings
from hcserver.errors import HcError, NotFound, Unavailable
from hcserver.services.container import Services


def make_server(services: Services) -> Server:
    """Everything that the server answers over HTTP."""
    return Server(_router(services), services.settings.http.body_timeout)


def _router(services: Services) -> Router:
    pings = Pings(services).route
    settings = services.settings
    endpoints = [
        *(*checks.ENDPOINTS, *notifications.ENDPOINTS, *classify.endpoints(settings.smtp.max_message_bytes)),
        *(*channels.ENDPOINTS, *windows.ENDPOINTS, *projects.ENDPOINTS, *badges.ENDPOINTS, *status.ENDPOINTS),
    ]
    api = Api(services, endpoints, settings.http.max_body_bytes)
    badge = Badges(services).route
    nowhere = Route(_nothing, 0, _not_found)

    def route(method: str, path: str) -> Route:
        found = whose(method, path)
        return found if services.ready or path.endswith("/status/") else found._replace(handler=_starting)

    def whose(method: str, path: str) -> Route:
        if path.startswith(PING_PREFIX):
            return pings
        if path.startswith(API_PREFIX):
            return api.route(method, path)
        if path.startswith(("/badge/", "/b/")):
            return badge
        return nowhere

    return route


async def _starting(request: Request) -> Response:
    raise Unavailable("the server is starting, try again")


async def _nothing(request: Request) -> Response:
    raise NotFound("not found")


def _not_found(request: Request, error: HcError | None) -> Response:
    return Response(404, b"not found", {"Content-Type": "text/plain; charset=utf-8"})
