"""The processes that run Apprise, as the server uses them."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import weakref

import msgspec

from hcserver.config.types import Network
from hcserver.errors import DeliveryError
from hcserver.notify.alert_message import Receipt
from hcserver.notify.apprise.messages import AppriseRequest, Message, result_decoder
from hcserver.notify.http_answers import max_attempts
from hcserver.worker_processes import Lost, WorkerPool

WORKERS = 6  # processes, of about 55 MB each while there is something to send
# Messages to the same target at a time: a service that does not answer must not occupy all processes.
PER_TARGET = 2
TIME_LIMIT = 30.0  # seconds for one message; each of Apprise's requests gives up after about 8

INSTALL = "it needs Apprise, which is not installed: pip install apprise"

# Environment variables for the processes: no proxies, no credentials, none of the server's own secrets.
_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONPATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)


def installed() -> bool:
    """Whether the optional dependency is installed."""
    return importlib.util.find_spec("apprise") is not None


class ApprisePool:
    """Sends messages by Apprise. Belongs to one event loop."""

    def __init__(self, allowed: tuple[Network, ...] = (), time_limit: float = TIME_LIMIT) -> None:
        """`allowed`: networks that may be reached besides public addresses. `time_limit`: in seconds."""
        self._time_limit = time_limit
        self._processes = WorkerPool(
            "hcserver.notify.apprise.worker",
            *(str(network) for network in allowed),
            count=WORKERS,
            environment=_environment(),
        )
        self._targets: weakref.WeakValueDictionary[str, asyncio.Semaphore] = weakref.WeakValueDictionary()

    async def send(self, url: str, message: Message, kind: str = "apprise") -> Receipt:
        """Send it by a channel of that kind, once a process is free. Raises DeliveryError.

        When it is cancelled, the message may have been sent.
        """
        if not installed():
            raise DeliveryError(INSTALL, transient=False)
        request = msgspec.msgpack.encode(AppriseRequest(url=url, message=message, kind=kind))
        async with self._targets.setdefault(url, asyncio.Semaphore(PER_TARGET)):
            try:
                answer = await self._processes.ask(request, self._time_limit)
                result = result_decoder.decode(answer)
            except TimeoutError:
                raise DeliveryError(f"not done within {self._time_limit:g} s", transient=True) from None
            except (Lost, msgspec.MsgspecError) as error:
                raise DeliveryError(
                    f"the process that sent it has ended ({error})", transient=True
                ) from error
            except OSError as error:
                raise DeliveryError(
                    f"can't start a process to send it: {error.strerror}", transient=True
                ) from error
        if not result.delivered:
            raise DeliveryError(
                result.text,
                transient=result.transient,
                status=result.status,
                retry_after=result.retry_after,
                max_attempts=max_attempts(result.status),
            )
        return Receipt(status=result.status)

    async def close(self) -> None:
        """End the processes; those that are sending end when they are done."""
        await self._processes.close()


def _environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # Python libraries look for settings and credentials (.netrc) in the home directory.
    return {**passed_on, "HOME": "/nonexistent"}
