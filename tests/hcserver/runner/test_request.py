from __future__ import annotations

import gc
import math
import socket
import ssl
import threading
from pathlib import Path

import pytest

from hcserver import __version__
from hcserver.runner.request import NotDelivered, send
from tests.hcserver.runner.conftest import PingServer


def failure(url: str) -> NotDelivered:
    with pytest.raises(NotDelivered) as raised:
        send(url, b"", 10)
    return raised.value


def test_a_ping_is_a_post_with_the_body(ping_server: PingServer) -> None:
    assert send(ping_server.url + "?create=1", b"\x00\xff", 10) == 1000
    assert ping_server.pings == [
        ("POST", "/ping/key/job?create=1", b"\x00\xff", f"hcserver-run/{__version__}")
    ]


@pytest.mark.parametrize("value", ["", "x", "-1", "1" * 30, "²"])
def test_a_body_limit_that_is_no_number_is_none(ping_server: PingServer, value: str) -> None:
    ping_server.headers = {"Ping-Body-Limit": value}
    assert send(ping_server.url, b"", 10) is None


@pytest.mark.parametrize(
    ("status", "patience"),
    [
        (400, 0),
        (401, 0),
        (404, 30),
        (409, 0),
        (429, math.inf),
        (408, math.inf),
        (500, math.inf),
        (503, math.inf),
    ],
)
def test_it_depends_on_the_status_how_long_trying_again_is_worth_it(
    ping_server: PingServer, status: int, patience: float
) -> None:
    ping_server.answers = [status]
    failed = failure(ping_server.url)
    assert str(failed).startswith(f"the server answered {status} ")
    assert failed.patience == patience


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirected_ping_keeps_its_body(ping_server: PingServer, status: int) -> None:
    ping_server.answers = [status]
    ping_server.headers["Location"] = "/elsewhere"
    send(ping_server.url, b"output", 10)
    assert [(one.method, one.path, one.body) for one in ping_server.pings] == [
        ("POST", "/ping/key/job", b"output"),
        ("POST", "/elsewhere", b"output"),
    ]


def test_nobody_listening_is_worth_waiting(unused_port: int) -> None:
    failed = failure(f"http://127.0.0.1:{unused_port}/")
    assert (str(failed), failed.patience) == ("Connection refused", math.inf)


def test_no_answer_is_worth_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotDelivered) as raised:
        send(f"http://127.0.0.1:{silent.getsockname()[1]}/", b"", 0.1)
    assert (str(raised.value), raised.value.patience) == ("timed out", math.inf)


def test_an_answer_that_is_no_http_is_worth_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"SSH-2.0-x\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        failed = failure(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert (str(failed), failed.patience) == ("no HTTP answer (BadStatusLine)", math.inf)


def test_a_wrong_certificate_is_not_worth_waiting(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, pytest.raises(OSError):
                context.wrap_socket(connection, server_side=True)

        thread = threading.Thread(target=answer)
        thread.start()
        failed = failure(f"https://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert "CERTIFICATE_VERIFY_FAILED" in str(failed)
    assert failed.patience == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # urllib leaves its socket
def test_a_redirection_to_nonsense_is_not_worth_waiting(ping_server: PingServer) -> None:
    ping_server.answers = [302]
    ping_server.headers["Location"] = "http://[x/"
    assert failure(ping_server.url).patience == 0
    gc.collect()
