"""A session: one browser in which a user is signed in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from hcserver.domain.user import User

_ID_LENGTH = 16  # hex digits


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session. Of the token in the cookie only the SHA-256 (hexadecimal digits) is stored."""

    hash: str
    user: UUID
    created: datetime
    last_seen: datetime
    expires: datetime
    user_agent: str
    address: str

    @property
    def id(self) -> str:
        """Identifies the session in lists; it does not give access."""
        return self.hash[:_ID_LENGTH]


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who a request comes from. Whoever a trusted proxy has signed in has no session."""

    user: User
    session: Session | None = None
