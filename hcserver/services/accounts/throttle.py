"""How often somebody may try a password: some attempts at once, further ones at intervals."""

from __future__ import annotations

import math
from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from hcserver.domain.clock import Clock
from hcserver.errors import TooManyRequests

REMEMBERED = 10_000  # users or addresses; beyond it the one that tried longest ago is forgotten


class Throttle:
    """Counts the attempts of each key. After `burst` of them one more is allowed every `interval` seconds."""

    def __init__(self, burst: int, interval: float, clock: Clock) -> None:
        self._interval = timedelta(seconds=interval)
        self._burst = burst * self._interval
        self._clock = clock
        # key -> when all of its attempts are paid off, at one for each interval; the latest tried last.
        self._paid_off: OrderedDict[str, datetime] = OrderedDict()

    def wait(self, key: str) -> int:
        """For how many seconds the key may not try again; 0: it may now."""
        paid_off = self._paid_off.get(key)
        if paid_off is None:
            return 0
        excess = paid_off + self._interval - self._burst - self._clock()
        return max(0, math.ceil(excess.total_seconds()))

    def count(self, key: str) -> None:
        """The key tries."""
        now = self._clock()
        self._paid_off[key] = max(now, self._paid_off.pop(key, now)) + self._interval
        if len(self._paid_off) > REMEMBERED:
            self._paid_off.popitem(last=False)

    def take_back(self, key: str) -> None:
        """One attempt of the key does not count."""
        paid_off = self._paid_off.get(key)
        if paid_off is None:
            return
        if paid_off - self._interval <= self._clock():
            del self._paid_off[key]
        else:
            self._paid_off[key] = paid_off - self._interval


class Attempts:
    """Attempts to sign in, by user and by address; both must have one left."""

    def __init__(self, clock: Clock) -> None:
        # A person mistypes a password some times. Behind one address there may be many people.
        self._users = Throttle(10, 30.0, clock)
        self._addresses = Throttle(20, 15.0, clock)

    def begin(self, user: str, address: str) -> None:
        """Count an attempt before the password is looked at, so that simultaneous ones count too.

        Raises TooManyRequests; then nothing is counted.
        """
        wait = max(self._users.wait(user), self._addresses.wait(network_of(address)))
        if wait:
            raise TooManyRequests(f"too many attempts, try again in {_duration(wait)}", wait)
        self._users.count(user)
        self._addresses.count(network_of(address))

    def succeeded(self, user: str, address: str) -> None:
        """The attempt had the right password, and does not count."""
        self._users.take_back(user)
        self._addresses.take_back(network_of(address))


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 a /64 network, in which everybody has addresses without number."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed.packed, 64), strict=False))
    return str(parsed)


def _duration(seconds: int) -> str:
    return f"{seconds} s" if seconds < 120 else f"{math.ceil(seconds / 60)} min"
