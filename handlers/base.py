"""The base of all request handlers: bodies, a deadline, errors.

A handler is written as for any tornado.web.Application: a class with methods `get`, `post` and so on, which
run when the body has come in. `head` is `get` without the body.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import msgspec
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, stream_request_body

from handlers.loggable import loggable_path
from handlers.server.application import UNSUPPORTED, Request
from handlers.server.errors import RETRY_AFTER, status_of, text_of
from handlers.server.traffic import Traffic
from hcserver.errors import HcError, Unavailable
from hcserver.services.container import Services

log = logging.getLogger(__name__)

DEADLINE = 4.8  # seconds until a request without an answer gets a 503 and is given up
TEXT = "text/plain; charset=utf-8"
NOT_CACHED = "max-age=0, no-cache, no-store, must-revalidate, private"
_UNLIMITED = 2**62  # bytes: bodies are read whatever their size; BodyWatch ends them


@stream_request_body
class BaseHandler(RequestHandler):
    """`body` has the body once it is complete, cut at `body_limit`; `truncated` says whether there was more.

    After `DEADLINE` seconds without a byte of the answer the client gets a 503, and the handler is cancelled;
    `allow` gives it more time. Once a handler has flushed something there is no deadline, so that it can send
    events for as long as it likes.
    """

    SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, UNSUPPORTED)
    endless = False  # the handler answers for as long as the client listens: a stop does not wait for it
    request: Request

    def initialize(self) -> None:
        self.truncated = False
        self.deadline: float = self.settings.get("deadline", DEADLINE)
        self._chunks: list[bytes] = []
        self._room = self.body_limit
        self._task: asyncio.Task[Any] | None = None
        self._overdue: asyncio.TimerHandle | None = None
        self._given_up = False
        request = self.request
        request.connection.set_max_body_size(_UNLIMITED)
        request.body_limit = self.body_limit
        request.endless = self.endless
        request.on_complete = self._start_deadline
        request.on_refused = self._refuse

    @property
    def services(self) -> Services:
        services: Services = self.settings["services"]
        return services

    @property
    def body_limit(self) -> int:
        """Bytes of a body that are kept."""
        limit: int = self.settings["max_body_bytes"]
        return limit

    @property
    def body(self) -> bytes:
        return b"".join(self._chunks)

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.clear_header("Content-Type")

    def set_status(self, status_code: int, reason: str | None = None) -> None:
        super().set_status(status_code, reason)
        if status_code == 503:
            self.set_header("Retry-After", RETRY_AFTER)

    def compute_etag(self) -> str | None:
        # An answer has an ETag where its handler sets one.
        return None

    def prepare(self) -> Awaitable[None] | None:
        """Called before the body is read; a subclass calls it first."""
        self._task = asyncio.current_task()
        if self._task is not None and not self.endless:
            traffic: Traffic = self.settings["traffic"]
            traffic.track(self._task)
        return None

    def data_received(self, chunk: bytes) -> None:
        if len(chunk) > self._room:
            chunk = chunk[: self._room]
            self.truncated = True
        if chunk:
            self._chunks.append(chunk)
            self._room -= len(chunk)

    async def head(self, *arguments: str) -> None:
        result = self.get(*arguments)
        if result is not None:
            await result

    def _unsupported(self, *arguments: str) -> None:
        raise HTTPError(405)

    # Answers a method that is none of HTTP's. Declared as Tornado declares the others.
    unsupported: Callable[..., Awaitable[None] | None] = _unsupported

    def write_json(self, payload: Any, status: int = 200) -> None:
        """Answer in JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.write(msgspec.json.encode(payload))

    def write_text(self, text: str, status: int = 200) -> None:
        """Answer in plain text."""
        self.set_status(status)
        self.set_header("Content-Type", TEXT)
        self.write(text)

    # -- the deadline

    def allow(self, seconds: float) -> None:
        """The answer may take this long from now on."""
        self._cancel_deadline()
        self._overdue = asyncio.get_running_loop().call_later(seconds, self._give_up)

    def flush(self, include_footers: bool = False) -> asyncio.Future[None]:
        self._cancel_deadline()
        return super().flush(include_footers)

    def on_finish(self) -> None:
        self._cancel_deadline()

    def _start_deadline(self) -> None:
        if not self._finished and not self._headers_written:
            self.allow(self.deadline)

    def _cancel_deadline(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        self._given_up = True
        log.warning("%s %s took too long", self.request.method, loggable_path(self.request.path))
        self._refuse(Unavailable("this takes too long, try again"))
        # Cancelled, so that while the database hangs only the latest requests wait for it. What the handler
        # still does then (release a lock, say) is not waited for.
        if self._task is not None:
            self._task.cancel()

    # -- errors

    def _refuse(self, error: HcError) -> None:
        self.send_error(status_of(error), exc_info=(type(error), error, None))

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        error = _error_in(kwargs)
        if self._headers_written:
            # Half an answer can only be ended in a way that shows that it is not complete.
            self.request.connection.close()
            return
        super().send_error(status_of(error) if isinstance(error, HcError) else status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.finish_error(status_code, _error_in(kwargs))

    def finish_error(self, status_code: int, error: BaseException | None) -> None:
        """Answer with an error; the status is set. For subclasses that write errors in another form."""
        self.write_text(self.error_text(error), status_code)
        self.finish()

    def error_text(self, error: BaseException | None) -> str:
        """What the client reads about an error."""
        if isinstance(error, HTTPError):
            return _HTTP_ERRORS.get(error.status_code) or str(error.reason or "bad request")
        return "internal error" if error is None else text_of(error)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        # Errors of the client are in the answer. What a handler raises while it is cancelled is of
        # no interest.
        expected = isinstance(value, HTTPError | StreamClosedError) or (
            value is not None and status_of(value) != 500
        )
        if self._given_up or expected:
            return
        log.error("%s %s failed", self.request.method, loggable_path(self.request.path), exc_info=value)


_HTTP_ERRORS = {400: "bad request", 404: "not found", 405: "method not allowed"}


def _error_in(kwargs: dict[str, Any]) -> BaseException | None:
    """The error that `send_error` and `write_error` are called for."""
    error: BaseException | None = kwargs.get("exc_info", (None, None, None))[1]
    return error
