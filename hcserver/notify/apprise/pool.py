"""The processes that Apprise runs in, as the server sees them."""

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
from hcserver.worker_processes import Lost, WorkerPool

WORKERS = 6  # processes, of about 55 MB each while there is something to send
# Messages that go to the same target at a time: a dead service must not occupy all processes.
PER_TARGET = 2
TIME_LIMIT = 30.0  # seconds for one message; each of Apprise's requests gives up after about 8

INSTALL = "it needs Apprise, which is not installed: pip install apprise"

# No proxies, no credentials, nothing that changes what Apprise does; and none of the server's own secrets.
_PASSED_ON = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONPATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)


def installed() -> bool:
    """Whether the optional extra is there."""
    return importlib.util.find_spec("apprise") is not None


class ApprisePool:
    """Tells messages by Apprise. Belongs to one event loop."""

    def __init__(self, allowed: tuple[Network, ...] = (), time_limit: float = TIME_LIMIT) -> None:
        """`allowed` are the networks that may be reached beside public addresses."""
        self._time_limit = time_limit
        self._processes = WorkerPool(
            "hcserver.notify.apprise.worker",
            *(str(network) for network in allowed),
            count=WORKERS,
            environment=_environment(),
        )
        self._targets: weakref.WeakValueDictionary[str, asyncio.Semaphore] = weakref.WeakValueDictionary()

    async def send(self, url: str, message: Message) -> Receipt:
        """Tell it. Waits for a free process; raises Failed. When cancelled, it may have been told."""
        if not installed():
            raise DeliveryError(INSTALL, transient=False)
        request = msgspec.msgpack.encode(AppriseRequest(url=url, message=message))
        async with self._targets.setdefault(url, asyncio.Semaphore(PER_TARGET)):
            try:
                answer = await self._processes.ask(request, self._time_limit)
                result = result_decoder.decode(answer)
            except TimeoutError:
                raise DeliveryError(f"not done within {self._time_limit:g} s", transient=True) from None
            except (Lost, msgspec.MsgspecError) as error:
                raise DeliveryError(
                    f"the process that was sending is gone ({error})", transient=True
                ) from error
            except OSError as error:
                raise DeliveryError(f"no process to send in: {error.strerror}", transient=True) from error
        if not result.told:
            raise DeliveryError(result.text, transient=result.transient, status=result.status)
        return Receipt(status=result.status)

    async def close(self) -> None:
        """End the processes; those that are sending when they are done."""
        await self._processes.close()


def _environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # Python libraries look for settings and credentials (.netrc) in there.
    return {**passed_on, "HOME": "/nonexistent"}
