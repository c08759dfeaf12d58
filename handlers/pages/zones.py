"""In which time zone moments are shown: the reader's own, the check's, or UTC. A cookie remembers the choice.

The script keeps the name of the browser's zone in the cookie `tz`. Without it the check's zone is used.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from tornado.escape import url_unescape

from handlers.pages.base import PageHandler
from hcserver.domain.check import Check
from hcserver.domain.time_zone import canonical_zone, is_zone, zone

Choice = Literal["browser", "check", "utc"]
WORDS: Final[dict[Choice, str]] = {"browser": "yours", "check": "the check's", "utc": "UTC"}
REMEMBERED: Final = 31_536_000  # seconds: a year


class ShownZone(NamedTuple):
    """`is_guess`: the browser's zone is wanted, and the script has not told its name yet."""

    choice: Choice
    name: str
    is_guess: bool

    @property
    def info(self) -> ZoneInfo:
        """For conversions."""
        return zone(self.name)

    def local(self, at: datetime) -> datetime:
        """The moment in this zone."""
        return at.astimezone(self.info)


def shown_zone(handler: PageHandler, check: Check) -> ShownZone:
    """What the query's `zone` asks for, which is remembered, or what was chosen before."""
    asked = handler.get_query_argument("zone", "")
    choice: Choice = next(
        (one for one in get_args(Choice) if one == (asked or handler.get_cookie("zone"))), "browser"
    )
    if asked == choice:
        handler.set_cookie("zone", choice, max_age=REMEMBERED, samesite="Lax", secure=handler.is_secure)
    if choice == "utc":
        return ShownZone(choice, "UTC", False)
    own = _browser_zone(handler)
    if choice == "browser" and is_zone(own):
        return ShownZone(choice, canonical_zone(own), False)
    return ShownZone(choice, check.tz, choice == "browser" and not own)


def reader_zone(handler: PageHandler) -> ShownZone:
    """The browser's zone, or UTC if that was chosen; for pages about several checks."""
    own = _browser_zone(handler)
    if handler.get_cookie("zone") == "utc" or not is_zone(own):
        return ShownZone("utc", "UTC", False)
    return ShownZone("browser", canonical_zone(own), False)


def _browser_zone(handler: PageHandler) -> str:
    """What the script has told, or somebody has put into the cookie."""
    return url_unescape(handler.get_cookie("tz", "") or "")
