"""The two reports of a run: its start, sent while the command runs, and its end."""

from __future__ import annotations

import math
import queue
import threading
import time
from typing import Final

from hcserver.runner.request import NotDelivered, send
from hcserver.runner.retry import retry

_USUAL_LIMIT: Final = 10_000  # bytes of a body that servers keep if they don't say otherwise
_POLLING: Final = 0.05  # seconds


class StartReport:
    """The report of the start. It is tried again until the command has ended; then it would only mislead.

    `body_limit` is how many bytes the server keeps of a body, as far as is known.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self.body_limit = _USUAL_LIMIT
        self._url = url
        self._timeout = timeout
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def send(self) -> None:
        """Begin, without waiting for anything."""
        self._thread.start()

    def finish(self, seconds: float, news: queue.SimpleQueue[object]) -> None:
        """Wait for the attempt that is under way, if any, as the start must not arrive after the end.

        It takes so many seconds at most, and ends when something comes into `news`.
        """
        self._over.set()
        deadline = time.monotonic() + seconds
        while self._thread.is_alive() and news.empty() and time.monotonic() < deadline:
            self._thread.join(_POLLING)

    def _run(self) -> None:
        try:
            limit = retry(
                lambda: send(self._url, b"", self._timeout),
                patience=math.inf,
                pause=lambda seconds: not self._over.wait(seconds),
                clock=time.monotonic,
            )
        except NotDelivered:
            return  # the report of the end says what is wrong
        self.body_limit = _USUAL_LIMIT if limit is None else limit


class EndReport:
    """The report of the end. A None in `news` ends all waiting for it."""

    def __init__(self, url: str, body: bytes, news: queue.SimpleQueue[object]) -> None:
        self._url = url
        self._body = body
        self._news = news

    def send(self, timeout: float, patience: float) -> None:
        """Send it, in `patience` + `timeout` seconds at most. Raises NotDelivered."""
        retry(
            lambda: self._attempt(timeout),
            patience=patience,
            pause=lambda seconds: not self._comes(None, seconds),
            clock=time.monotonic,
        )

    def _attempt(self, timeout: float) -> None:
        # In a thread, as nothing else bounds how long an exchange, or a look-up in the DNS, takes in all.
        failures: list[NotDelivered] = []

        def work() -> None:
            try:
                send(self._url, self._body, timeout)
            except NotDelivered as failure:
                failures.append(failure)
            self._news.put(failures)

        threading.Thread(target=work, daemon=True).start()
        if not self._comes(failures, timeout):
            raise NotDelivered("no answer in time", math.inf)
        if failures:
            raise failures[0]

    def _comes(self, awaited: object, seconds: float) -> bool:
        """Wait for so many seconds; whether `awaited` came. An earlier attempt that ends doesn't count."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self._news.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return False
            if event is None:
                raise NotDelivered("interrupted by a signal", 0)
            if event is awaited:
                return True
