"""The process that runs Apprise. It reads requests from standard input and writes results to standard output.

Apprise blocks, and its plugins trust their input: in a process of its own it can be confined, and killed.
The arguments are the networks that it may reach besides public addresses.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import resource
import sys
import warnings

import msgspec
from apprise import Apprise

from hcserver.net.address_policy import AddressPolicy
from hcserver.notify.apprise.delivery import deliver, withdraw_refused_services
from hcserver.notify.apprise.messages import AppriseResult, request_decoder
from hcserver.notify.apprise.sandbox import confine
from hcserver.notify.apprise.url import without_secrets
from hcserver.notify.plain_text import one_line
from hcserver.worker_processes import serve

MEMORY_LIMIT = 512 * 1024**2  # bytes of address space; an answer without end from a service runs into it


def main() -> None:
    """Answer requests until the server closes its end of the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold tokens
    warnings.simplefilter("ignore")  # such as for verify=no, which is the user's choice
    logging.lastResort = None
    # Whatever a plugin prints must not get between the results.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    Apprise.instantiate("ntfy://localhost/loads-all-plugins")  # while files can still be read
    withdraw_refused_services()
    confine(AddressPolicy(tuple(ipaddress.ip_network(network) for network in sys.argv[1:])))
    serve(_answer, sys.stdin.buffer, answers)


def _answer(data: bytes) -> bytes:
    request = request_decoder.decode(data)
    try:
        result = deliver(request)
    except Exception as error:  # noqa: BLE001 - a plugin that raises must not end the process
        text = without_secrets(f"Apprise has failed: {type(error).__name__}: {error}", request.url)
        result = AppriseResult(delivered=False, text=one_line(text, 500))
    return msgspec.msgpack.encode(result)


if __name__ == "__main__":
    main()
