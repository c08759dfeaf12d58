"""One ping: an HTTP request, and what its answer means."""

from __future__ import annotations

import http.client
import math
import ssl
import urllib.error
import urllib.request
from email.message import Message
from typing import IO, Final

from hcserver import __version__

_HEADERS: Final = {"User-Agent": f"hcserver-run/{__version__}", "Content-Type": "text/plain"}
# A proxy whose server is just being deployed anew may answer 404.
_PATIENCE: Final = {404: 30.0, 408: math.inf, 425: math.inf, 429: math.inf}  # seconds, by status


class NotDelivered(Exception):
    """A ping was not delivered. `patience`: for how many seconds it is worth trying again."""

    def __init__(self, text: str, patience: float) -> None:
        super().__init__(text)
        self.patience = patience


def send(url: str, body: bytes, timeout: float) -> int | None:
    """Send a ping; how many bytes of a body the server keeps, if it says so. Raises NotDelivered.

    `timeout` (seconds) holds for each step of the exchange.
    """
    try:
        request = urllib.request.Request(url, data=body, headers=_HEADERS, method="POST")
        with urllib.request.build_opener(_SameRequest).open(request, timeout=timeout) as answer:
            return _limit(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            patience = math.inf if error.code >= 500 else _PATIENCE.get(error.code, 0)
            raise NotDelivered(f"the server answered {error.code} {error.reason}", patience) from error
    except OSError as error:  # a URLError is one
        reason = getattr(error, "reason", error)
        patience = 0 if isinstance(reason, ssl.SSLCertVerificationError) else math.inf
        raise NotDelivered(str(getattr(reason, "strerror", None) or reason), patience) from error
    except http.client.HTTPException as error:
        raise NotDelivered(f"no HTTP answer ({type(error).__name__})", math.inf) from error
    except ValueError as error:
        raise NotDelivered(str(error), 0) from error


class _SameRequest(urllib.request.HTTPRedirectHandler):
    """Repeats the request with its body at the address that it is redirected to, as a ping is no form."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request:
        return urllib.request.Request(newurl, data=req.data, headers=req.headers, method=req.get_method())


def _limit(headers: Message) -> int | None:
    value = headers.get("Ping-Body-Limit", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None
