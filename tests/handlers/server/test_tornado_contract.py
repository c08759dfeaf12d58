"""The private parts of Tornado that the server leans on. If one of these tests fails with a new version of
Tornado, look at handlers/server/ before its upper bound in pyproject.toml is raised.
"""

from __future__ import annotations

import inspect
import socket
from typing import Any

import pytest
from tornado import http1connection, httputil, iostream, web
from tornado.http1connection import HTTP1Connection
from tornado.iostream import IOStream

from handlers.server.stream import TORNADO_REFUSAL


def source(thing: Any) -> str:
    return inspect.getsource(thing)


def test_tornado_refuses_malformed_requests_with_the_bytes_that_the_stream_replaces() -> None:
    assert repr(TORNADO_REFUSAL).lstrip("b'").rstrip("'") in source(http1connection)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("_parse_headers", ["self", "data"]),
        ("_read_chunked_body", ["self", "delegate"]),
        ("_deliver_body", ["self", "delegate", "data"]),
        ("write_headers", ["self", "start_line", "headers", "chunk"]),
        ("finish", ["self"]),
    ],
)
def test_a_connection_has_the_methods_that_are_overridden_or_called(name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(HTTP1Connection, name)).parameters) == parameters


def test_a_connection_calls_the_methods_that_are_overridden() -> None:
    assert "self._parse_headers(header_data)" in source(HTTP1Connection._read_message_inner)
    assert "self._read_chunked_body(delegate)" in source(HTTP1Connection._read_body)


def test_a_connection_has_the_attributes_that_are_used() -> None:
    text = source(http1connection)
    for use in (
        "if not self.is_client and self._disconnect_on_finish:",
        "self._disconnect_on_finish = not self._can_keep_alive(",
        "self._read_finished = True",
        "> self._max_body_size",
        "self._request_headers = headers",
        "self._request_start_line = req_start_line",
        # Set by HttpConnection.send in place of write_headers, and used by finish.
        "future_add_done_callback(self._pending_write, self._finish_request)",
    ):
        assert use in text


def test_a_stream_has_the_methods_and_attributes_that_are_used() -> None:
    with socket.socket() as unconnected:
        stream = IOStream(unconnected)
        assert stream._read_buffer == bytearray()
        assert stream._read_buffer_size == 0
        assert stream._state is None
    assert list(inspect.signature(IOStream._handle_events).parameters) == ["self", "fd", "events"]
    assert "self.io_loop.add_handler(self.fileno(), self._handle_events, self._state)" in source(
        IOStream._add_io_state
    )
    assert "self.read_from_fd(buf)" in source(IOStream._read_to_buffer)
    assert "self.write_to_fd(data)" in source(IOStream._handle_write)
    assert list(inspect.signature(IOStream._find_read_pos).parameters) == ["self"]


def test_a_stream_with_tls_has_the_methods_and_attributes_that_are_used() -> None:
    text = source(iostream.SSLIOStream)
    for use in (
        "self._ssl_accepting = True",
        "self._ssl_accepting = False",
        "return self._handshake_reading or super().reading()",
        "return self._handshake_writing or super().writing()",
        "self.socket.do_handshake()",
    ):
        assert use in text
    for method in ("_handle_read", "_handle_write"):
        assert "self._do_ssl_handshake()" in source(getattr(iostream.SSLIOStream, method))
    assert "self.close_fd()" in source(IOStream.close)


def test_an_unsatisfiable_read_closes_the_stream_with_its_error() -> None:
    assert "self.close(exc_info=e)" in source(IOStream.read_until_regex)
    assert issubclass(iostream.UnsatisfiableReadError, Exception)


def test_a_request_takes_address_and_protocol_from_the_connections_context() -> None:
    text = source(httputil.HTTPServerRequest.__init__)
    assert 'getattr(context, "remote_ip", None)' in text
    assert 'getattr(context, "protocol", "http")' in text


def test_a_handler_has_the_attributes_that_are_used() -> None:
    assert "self._headers_written = False" in source(web.RequestHandler.__init__)
    assert "self._finished = False" in source(web.RequestHandler.__init__)


def test_a_handler_that_streams_bodies_is_made_as_soon_as_the_header_is_here() -> None:
    assert "return self.execute()" in source(web._HandlerDelegate.headers_received)
    assert "self.handler = self.handler_class(" in source(web._HandlerDelegate.execute)
