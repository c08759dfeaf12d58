"""HTTP requests to addresses that users have chosen; only those that the policy permits are connected to."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import httpcore
import httpx

from hcserver import __version__
from hcserver.errors import DeliveryError
from hcserver.net.address_policy import AddressPolicy

_MAX_REDIRECTS = 5
_MAX_RESPONSE_BYTES = 65_536
_MAX_ANSWER_BYTES = 131_072  # on the wire, heads included: a receiver may send interim answers without end
_BODY_SECONDS = 1.0  # for what follows the head of a response
_RESOLVERS = 16  # threads that look up names; further look-ups wait for them
# Headers of our own, or about the content. Others may be credentials, which a redirect must not take along.
_HARMLESS = frozenset({"content-type", "idempotency-key", "user-agent"})
_HARMLESS_PREFIX = "webhook-"

_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")  # a name, or an IPv6 address
_USER_AGENT = f"hcserver/{__version__}"


def tls_context() -> ssl.SSLContext:
    """Trusts the well-known authorities and those that this machine's administrator has added."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class HttpAnswer(NamedTuple):
    """The status of an answer, and its header Retry-After ("" if there is none)."""

    status: int
    retry_after: str


class HttpClient:
    """Makes HTTP requests to permitted addresses only. `timeout` limits a whole request, in seconds.

    Each request has a connection of its own: the receiver might just be closing one that was kept, and the
    message would have to wait for the next attempt. Proxies and credentials of the environment are not used,
    and cookies are not kept. The caller limits how many requests run at a time.
    """

    def __init__(self, policy: AddressPolicy, timeout: float, *, redirects: bool) -> None:
        self._timeout = timeout
        self._redirects = redirects
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")
        self._network = _Backend(policy, self._resolvers)

    async def request(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> HttpAnswer:
        """The answer, whatever its status. Redirects are followed if the settings say so.

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
            raise DeliveryError("the answer was not HTTP, or was cut off", transient=True) from error
        except httpcore.ProtocolError as error:
            raise DeliveryError("the request can't be written in HTTP", transient=False) from error

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _follow(
        self, method: str, url: httpx.URL, headers: dict[str, str], content: bytes
    ) -> HttpAnswer:
        for _ in range(_MAX_REDIRECTS + 1):
            answer, location = await self._once(method, url, headers, content)
            status = answer.status
            # 301 to 303 turn a POST into a GET without a body, so the message would be lost on the way.
            lossless = status in (307, 308) or (status in (301, 302, 303) and method in ("GET", "HEAD"))
            if not (self._redirects and lossless and location):
                return answer
            target = _url(location, url)
            if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
                headers = {name: value for name, value in headers.items() if _harmless(name)}
            url = target
        raise DeliveryError(f"more than {_MAX_REDIRECTS} redirects", transient=False, status=status)

    async def _once(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes
    ) -> tuple[HttpAnswer, str]:
        """One request: its answer, and the Location of that."""
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
                found = {name.lower(): value.decode("ascii", "replace") for name, value in response.headers}
                answer = HttpAnswer(response.status, found.get(b"retry-after", ""))
                return answer, found.get(b"location", "")
        finally:
            await connection.aclose()


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to the very addresses that the policy has permitted. TLS still verifies the host's name."""

    def __init__(self, policy: AddressPolicy, resolvers: ThreadPoolExecutor) -> None:
        self._policy = policy
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
        *others, last = await loop.run_in_executor(self._resolvers, self._policy.resolve, host, port)
        # An address that never answers (mostly IPv6 without a route) leaves time for the next one.
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
    """A connection on which at most _MAX_ANSWER_BYTES are read."""

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


# One for all connections, as it takes long to make. Only for HTTP: httpcore sets its application protocol.
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
        raise DeliveryError("the URL has an impossible port", transient=False)
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
    """Read the rest of the answer if it is short and comes at once, as hanging up leaves errors in the log of
    the receiver. The status is known whatever happens to the rest.
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
