"""Sign-in by a reverse proxy, which has found out who the user is and says it in a header."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from hcserver.config.schema import WebSettings
from hcserver.config.types import Network
from hcserver.domain.session import SignedIn
from hcserver.errors import InvalidFields
from hcserver.services.accounts.users import Users, as_name

log = logging.getLogger(__name__)


class ProxiedSignIn:
    """Believes the header that the settings name, if a trusted proxy has sent it."""

    def __init__(self, users: Users, settings: WebSettings, trusted_proxies: Sequence[Network]) -> None:
        self._users = users
        self._on = bool(settings.auth_header)
        self._create_unknown = settings.auth_create
        self._trusted = tuple(trusted_proxies)
        self._is_trusted = lru_cache(maxsize=1024)(self._look_up)

    async def find(self, name: str, peer: str) -> SignedIn | None:
        """The user of this name, if `peer`, the address of the connection, is a trusted proxy's.

        Raises Unavailable.
        """
        if not self._on or not self._is_trusted(peer) or as_name(name) is None:
            return None
        user = await self._users.recent(name)
        if user is None and self._create_unknown:
            try:
                user = await self._users.create(name, None)
            except InvalidFields:
                # The requests of a page come all at once, and another one has created the user.
                user = await self._users.recent(name)
            else:
                log.info("created the user %r, whom a trusted proxy has signed in", user.name)
        return None if user is None else SignedIn(user=user)

    def _look_up(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._trusted)
