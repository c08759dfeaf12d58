"""Requests to addresses that somebody else has chosen, kept away from networks that are not theirs to reach.

What is checked is the address that is then connected to, so that neither a name that leads to a private
address, nor one that leads there only the second time (DNS rebinding), nor a redirect gets around it.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import logging
import re
import socket
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import httpcore
import httpx

from hcserver import __version__
from hcserver.config.types import Network
from hcserver.errors import DeliveryError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Not reachable by everybody, or not one host: the IANA IPv4 Special-Purpose Address Registry (RFC 6890),
# multicast and the reserved class E. The last one is none of these: Azure's metadata and agent service.
_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
    )
)
# Only this has been given out for global unicast (RFC 4291, section 2.4), with exceptions: Teredo and other
# protocol assignments, documentation, 6to4, documentation.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# RFC 6052: the way to IPv4 from a network that has only IPv6; the last 32 bits are the address meant.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_MAX_ADDRESSES = 8  # of one name that are tried
_MAX_REDIRECTS = 5
_MAX_RESPONSE_BYTES = 65_536
_MAX_ANSWER_BYTES = 131_072  # on the wire, heads included: interim answers may come without end
_BODY_SECONDS = 1.0  # for what follows the head of a response
# Threads that look up names: more lookups than these wait for each other, and for nothing else.
_RESOLVERS = 16
# Headers of ours, or about the content; others may be credentials, and not for where a redirect leads.
_HARMLESS = frozenset({"content-type", "idempotency-key", "user-agent"})
_HARMLESS_PREFIX = "webhook-"

_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")  # a name, or an IPv6 address
_USER_AGENT = f"hcserver/{__version__}"


class AddressPolicy:
    """Says which addresses may be reached: public ones, and those in the networks `allowed`."""

    def __init__(self, allowed: tuple[Network, ...]) -> None:
        self._allowed = allowed

    def check(self, address: str) -> None:
        """Raises DeliveryError (permanent) unless `address`, an IPv4 or IPv6 address, may be reached."""
        try:
            permitted = self._permits(ipaddress.ip_address(address))
        except ValueError:
            permitted = False
        if not permitted:
            raise DeliveryError(f"{address[:100]} {_REFUSAL}", transient=False)

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of `host`, a name or an address, that may be reached. Blocks while it asks the DNS.

        Raises DeliveryError: transient if the name can't be looked up, permanent if no address may be
        reached.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise DeliveryError(
                f"{host}: {error.strerror or 'the name was not found'}", transient=True
            ) from error
        except ValueError as error:  # no label of a name is that long
            raise DeliveryError(f"{host}: there can be no such host", transient=False) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        permitted = [address for address in addresses if self._permits(ipaddress.ip_address(address))]
        if not permitted:
            raise DeliveryError(f"{host} {_REFUSAL}", transient=False)
        return permitted[:_MAX_ADDRESSES]

    def _permits(self, address: _Address) -> bool:
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._allowed) or self._is_public(address)

    def _is_public(self, address: _Address) -> bool:
        if isinstance(address, ipaddress.IPv4Address):
            return not any(address in network for network in _REFUSED_V4)
        if address in _NAT64:
            return self._permits(ipaddress.IPv4Address(address.packed[-4:]))
        return address in _GLOBAL_V6 and not any(address in network for network in _REFUSED_V6)


_REFUSAL = (
    "leads to a private or reserved address, which channels may not reach: "
    "see the setting notifications.allowed_networks"
)


def tls_context() -> ssl.SSLContext:
    """Trusts the well-known authorities and those that this machine's administrator has added."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class HttpClient:
    """Makes HTTP requests, to permitted addresses only. `timeout` is for one request in all, in seconds.

    Each has a connection of its own: one that was kept might just be closed by the other side, and what was
    to be told would have to wait for the next attempt. No proxy and no credentials of the environment are
    used, no cookies are kept. How many requests run at a time is the caller's to limit.
    """

    def __init__(self, policy: AddressPolicy, timeout: float, *, redirects: bool) -> None:
        self._timeout = timeout
        self._redirects = redirects
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")
        self._network = _Backend(policy, self._resolvers)

    async def request(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> int:
        """The status of the answer, whatever it is; redirects are followed if the settings say so.

        Raises DeliveryError: transient if there was no answer, permanent if the request can't be made.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._follow(method, _url(url), dict(headers), content)
        except TimeoutError as error:
            raise DeliveryError(f"no answer within {self._timeout:g} s", transient=True) from error
        # OSError: TLS that breaks in the middle. The text of an exception never holds the request.
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            raise DeliveryError(f"no connection: {error}".rstrip(": "), transient=True) from error
        except httpcore.RemoteProtocolError as error:
            raise DeliveryError("the answer was no HTTP, or cut off", transient=True) from error
        except httpcore.ProtocolError as error:
            raise DeliveryError("the request can't be said in HTTP", transient=False) from error

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _follow(self, method: str, url: httpx.URL, headers: dict[str, str], content: bytes) -> int:
        for _ in range(_MAX_REDIRECTS + 1):
            status, location = await self._once(method, url, headers, content)
            # 301 to 303 make a GET of a POST: what was to be told would get lost on the way.
            lossless = status in (307, 308) or (status in (301, 302, 303) and method in ("GET", "HEAD"))
            if not (self._redirects and lossless and location):
                return status
            target = _url(location, url)
            if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
                headers = {name: value for name, value in headers.items() if _harmless(name)}
            url = target
        raise DeliveryError(f"more than {_MAX_REDIRECTS} redirects", transient=False, status=status)

    async def _once(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes
    ) -> tuple[int, str]:
        """One request; the status and the Location of its answer."""
        address = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        connection = httpcore.AsyncHTTPConnection(
            address.origin,
            ssl_context=_tls() if url.scheme == "https" else None,
            network_backend=self._network,
        )
        body = content if content or method not in ("GET", "HEAD", "DELETE") else None
        waits = {"connect": self._timeout}
        try:
            async with connection.stream(
                method, address, headers=_lines(url, headers), content=body, extensions={"timeout": waits}
            ) as response:
                await _drain(response)
                location = {name.lower(): value for name, value in response.headers}.get(b"location", b"")
                return response.status, location.decode("ascii", "replace")
        finally:
            await connection.aclose()


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to the very addresses that the guard has checked. TLS still asks for the host's name."""

    def __init__(self, policy: AddressPolicy, resolvers: ThreadPoolExecutor) -> None:
        self._guard = policy
        self._resolvers = resolvers
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        *others, last = await loop.run_in_executor(self._resolvers, self._guard.resolve, host, port)
        # One address that swallows everything (IPv6 that leads nowhere, mostly) leaves time for the next.
        share = None if timeout is None else timeout / (len(others) + 1)
        for address in others:
            try:
                return _Bounded(
                    await self._network.connect_tcp(address, port, share, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return _Bounded(await self._network.connect_tcp(last, port, share, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Bounded(httpcore.AsyncNetworkStream):
    """A connection on which only so much is read."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = _MAX_ANSWER_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._left <= 0:
            raise httpcore.ReadError("the answer does not end")
        data = await self._stream.read(max_bytes, timeout)
        self._left -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _Bounded(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


# One for all: it takes long to make. Not for use by others, as httpcore sets it to speak HTTP.
_tls = cache(tls_context)


def _url(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """`url`, relative to `base`. Raises DeliveryError (permanent) unless it is an http(s) URL with a host."""
    try:
        parsed = httpx.URL(url) if base is None else base.join(url)
    except httpx.InvalidURL as error:
        raise DeliveryError("the URL is not valid", transient=False) from error
    if parsed.scheme not in ("http", "https") or not _HOST.fullmatch(parsed.raw_host):
        raise DeliveryError("the URL is not one of http or https with a host", transient=False)
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise DeliveryError("the URL has a port that can't be", transient=False)
    return parsed


def _lines(url: httpx.URL, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    lines = [
        (b"Host", url.netloc),
        (b"Connection", b"close"),
        (b"User-Agent", _USER_AGENT.encode()),
    ]
    if url.userinfo:
        credentials = f"{url.username}:{url.password}".encode()
        lines.append((b"Authorization", b"Basic " + base64.b64encode(credentials)))
    given = [(name.encode("ascii"), value.encode("utf-8", "replace")) for name, value in headers.items()]
    overridden = {name.lower() for name, _ in given}
    return [line for line in lines if line[0].lower() not in overridden] + given


def _harmless(header: str) -> bool:
    return header.lower() in _HARMLESS or header.lower().startswith(_HARMLESS_PREFIX)


async def _drain(response: httpcore.Response) -> None:
    """Read the rest of the answer if it is short and comes at once: out of politeness, as to hang up on a
    receiver leaves errors in its log. Whatever happens to the rest, the status is known.
    """
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in response.aiter_stream():
                size += len(chunk)
                if size > _MAX_RESPONSE_BYTES:
                    break
    except (TimeoutError, OSError, httpcore.NetworkError, httpcore.ProtocolError):
        _log.debug("an answer of status %d was not read to its end", response.status)


_log = logging.getLogger(__name__)
