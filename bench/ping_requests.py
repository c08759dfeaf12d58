"""Requests that are pings, each with a serial number by which it is found in the log."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

AGENT = "bench/"  # the User-Agent is this and the serial number
_serials = itertools.count(1)


class PingRequest(NamedTuple):
    """The bytes of a request; `serial` is in its User-Agent."""

    serial: int
    data: bytes


def ping_request(path: str, method: str = "GET", body: bytes = b"") -> PingRequest:
    """A request with the next serial number."""
    serial = next(_serials)
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    headers = f"Host: bench\r\nUser-Agent: {AGENT}{serial}\r\nAccept: */*\r\n{length}"
    return PingRequest(serial, f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode() + body)


def once(paths: Iterable[str]) -> Iterator[PingRequest]:
    """A GET of each of the paths."""
    return map(ping_request, paths)


def gets(paths: Sequence[str]) -> Iterator[PingRequest]:
    """Endless GETs of the paths in turn."""
    return once(itertools.cycle(paths))


def posts(paths: Sequence[str], size: int) -> Iterator[PingRequest]:
    """Endless POSTs to the paths in turn, with a body of so many bytes."""
    body = b"2026-01-02 03:04:05 copied /srv/data/projects/report.odt\n" * (size // 57 + 1)
    return (ping_request(path, "POST", body[:size]) for path in itertools.cycle(paths))


def runs(paths: Sequence[str]) -> Iterator[PingRequest]:
    """Endless pairs of a start and a success with the same run id."""
    for number, path in enumerate(itertools.cycle(paths)):
        rid = UUID(int=number)
        yield ping_request(f"{path}/start?rid={rid}")
        yield ping_request(f"{path}?rid={rid}")
