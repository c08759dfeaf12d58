"""What smtp.session relies on in aiosmtpd and asyncio beyond their documented interfaces.

When a test here fails after an upgrade, smtp/session.py and smtp/data.py have to be adapted.
"""

from __future__ import annotations

import asyncio
import inspect

import pytest
from aiosmtpd import smtp as aiosmtpd
from aiosmtpd.proxy_protocol import V2_CMD, ProxyData, get_proxy

OVERRIDDEN = ("_handle_client", "_timeout_cb", "eof_received")
CALLED = ("_reset_timeout", "smtp_STARTTLS", "push")
ATTRIBUTES = (
    *("_handler_coroutine", "_original_transport", "_timeout_handle", "_tls_protocol", "session"),
    *("tls_context", "transport", "hostname", "__ident__"),
)


async def make() -> aiosmtpd.SMTP:
    return aiosmtpd.SMTP(None, hostname="h", ident="i", timeout=1, loop=asyncio.get_running_loop())


@pytest.mark.parametrize("name", OVERRIDDEN + CALLED)
def test_a_method_that_we_override_or_call_is_there(name: str) -> None:
    assert callable(getattr(aiosmtpd.SMTP, name, None)), f"aiosmtpd.smtp.SMTP has no method {name} any more"


@pytest.mark.parametrize("name", ATTRIBUTES)
async def test_an_attribute_that_we_read_is_there(name: str) -> None:
    assert hasattr(await make(), name), f"aiosmtpd.smtp.SMTP has no attribute {name} any more"


def test_aiosmtpd_calls_what_we_override() -> None:
    assert "self._handle_client()" in inspect.getsource(aiosmtpd.SMTP.connection_made)
    assert "self._timeout_cb" in inspect.getsource(aiosmtpd.SMTP._reset_timeout)
    assert "self._handler_coroutine.cancel()" in inspect.getsource(aiosmtpd.SMTP.connection_lost)


def test_what_was_sent_before_a_handshake_is_discarded_by_aiosmtpd() -> None:
    assert "_buffer.clear()" in inspect.getsource(aiosmtpd.SMTP.connection_made)


async def test_the_reader_is_a_stream_reader_with_a_buffer_that_can_be_put_back_into() -> None:
    protocol = await make()
    assert protocol.line_length_limit
    reader = asyncio.StreamReader()
    reader.feed_data(b"behind")
    reader._buffer[:0] = b"before "  # type: ignore[attr-defined]
    reader.feed_eof()
    assert await reader.read() == b"before behind"
    assert "self._reader = reader" in inspect.getsource(aiosmtpd.SMTP._cb_client_connected)


async def test_a_failed_handshake_is_a_tls_setup_exception() -> None:
    assert issubclass(aiosmtpd.TLSSetupException, Exception)
    assert "raise TLSSetupException" in inspect.getsource(aiosmtpd.SMTP.smtp_STARTTLS)


async def test_the_proxy_protocol_is_read_by_a_function_of_its_own() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"PROXY TCP4 192.0.2.7 127.0.0.1 4000 25\r\n")
    proxy = await get_proxy(reader)
    assert isinstance(proxy, ProxyData)
    assert (proxy.version, str(proxy.src_addr)) == (1, "192.0.2.7")
    assert {"PROXY", "LOCAL"} == set(V2_CMD.__members__)
