"""Requests that servers could understand differently, in which others could be hidden."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.hostile import send_and_read
from tests.e2e.server import RealServer

HIDDEN = b"GET /ping/{check}/fail HTTP/1.1\r\nHost: x\r\n\r\n"

FAULTY = {
    "no Host": b"{line} HTTP/1.1\r\n\r\n",
    "two Hosts": b"{line} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two lengths in one": b"{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 4,4\r\n\r\n",
    "two lengths": b"{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n",
    "bare LF": b"{line} HTTP/1.1\nHost: x\n\n",
    "chunks in HTTP/1.0": b"{line} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_header_is_refused_and_nothing_behind_it_is_read(
    server: RealServer, bystander: str, fault: str
) -> None:
    data = (FAULTY[fault] + HIDDEN).replace(b"{line}", b"GET /api/v3/status/")
    answer = send_and_read(server.http_port, data.replace(b"{check}", bystander.encode()))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("fault", FAULTY)
def test_a_ping_with_a_faulty_header_is_recorded_once_if_it_is_unambiguous(
    server: RealServer, project: Any, fault: str
) -> None:
    check = server.api("checks/", project["api_key"], {"name": fault})["uuid"]
    data = (FAULTY[fault] + HIDDEN).replace(b"{line}", f"GET /ping/{check}".encode())
    answer = send_and_read(server.http_port, data.replace(b"{check}", check.encode()))
    assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 400 "))
    assert answer.count(b"HTTP/1.1") == 1
    types = [ping["type"] for ping in server.api(f"checks/{check}/pings/", project["api_key"])["pings"]]
    assert types == (["success"] if b" 200 " in answer[:13] else [])


def test_tls_on_the_plain_port_is_closed_at_once(server: RealServer) -> None:
    assert send_and_read(server.http_port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") == b""
