"""Sessions: opened at sign-in, looked up by the token in the cookie, revoked."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from datetime import timedelta

from msgspec.structs import replace

from hcserver.domain.clock import Clock
from hcserver.domain.session import Session, SignedIn
from hcserver.domain.user import User
from hcserver.errors import NotFound, Unavailable
from hcserver.services.absences import Absences
from hcserver.services.accounts.recent import Recent
from hcserver.services.background import Errands
from hcserver.storage import Storage

LIFETIME = timedelta(days=30)  # after the last use
SEEN_EVERY = timedelta(minutes=1)  # between two writes of when a session was used
MAX_SESSIONS = 50  # of a user; beyond it those that were used longest ago end
MAX_USER_AGENT = 300  # characters
MAX_TOKEN = 100  # characters; a longer one is none of ours


class Sessions:
    """Every method raises Unavailable when the database is away, unless the answer is known."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._recent: Recent[str, SignedIn] = Recent(clock)
        self._absent: Absences[str] = Absences(clock)
        self._errands = Errands("sessions")

    async def open(self, user: User, address: str, user_agent: str) -> str:
        """A new session; its token."""
        token, now = secrets.token_urlsafe(32), self._clock()
        session = Session(
            hash=token_hash(token),
            user=user.id,
            created=now,
            last_seen=now,
            expires=now + LIFETIME,
            user_agent=user_agent[:MAX_USER_AGENT].encode(errors="replace").decode(),
            address=address[:64],
        )
        await self._storage.sessions.insert(session)
        for surplus in (await self._storage.sessions.of_user(user.id))[MAX_SESSIONS:]:
            await self._delete(surplus)
        return token

    async def find(self, token: str) -> SignedIn | None:
        """Whose session this is, if it has neither expired nor been revoked."""
        if len(token) > MAX_TOKEN:
            return None
        hash = token_hash(token)
        signed_in = self._recent.get(hash) or await self._read(hash)
        if signed_in is None or signed_in.session is None or signed_in.session.expires <= self._clock():
            return None
        return self._seen(signed_in, signed_in.session)

    async def close(self, token: str) -> None:
        """End the session with this token, if there is one."""
        if len(token) <= MAX_TOKEN:
            await self._storage.sessions.delete(token_hash(token))
            self._recent.forget(token_hash(token))

    async def of_user(self, user: User) -> list[Session]:
        """Those that have not expired; the one used last comes first."""
        now = self._clock()
        return [one for one in await self._storage.sessions.of_user(user.id) if one.expires > now]

    async def revoke(self, user: User, session_id: str) -> None:
        """End the user's session with this id. Raises NotFound."""
        for session in await self.of_user(user):
            if session.id == session_id:
                return await self._delete(session)
        raise NotFound("there is no such session")

    async def revoke_all(self, user: User, keep: Session | None = None) -> None:
        """End all sessions of the user but `keep`, also where only the user was changed."""
        try:
            await self._storage.sessions.delete_of_user(user.id, "" if keep is None else keep.hash)
        finally:
            self._recent.forget_all()

    async def stop(self) -> None:
        await self._errands.stop()

    async def _delete(self, session: Session) -> None:
        await self._storage.sessions.delete(session.hash)
        self._recent.forget(session.hash)

    async def _read(self, hash: str) -> SignedIn | None:
        if hash in self._absent:
            return None
        changes = self._recent.changes
        session = await self._storage.sessions.get(hash)
        user = None if session is None else await self._storage.users.get(session.user)
        if user is None:
            self._absent.add(hash)
            return None
        signed_in = SignedIn(user=user, session=session)
        self._recent.put(hash, signed_in, changes)
        return signed_in

    def _seen(self, signed_in: SignedIn, session: Session) -> SignedIn:
        """Note that the session is used. It is written in the background, and lasts longer from now on."""
        now = self._clock()
        if now - session.last_seen < SEEN_EVERY:
            return signed_in
        session = replace(session, last_seen=now, expires=now + LIFETIME)
        signed_in = replace(signed_in, session=session)
        self._recent.replace(session.hash, signed_in)
        self._errands.begin(self._write_seen(session))
        return signed_in

    async def _write_seen(self, session: Session) -> None:
        with suppress(Unavailable):  # it is written with a later use
            await self._storage.sessions.touch(session.hash, session.last_seen, session.expires)


def token_hash(token: str) -> str:
    """How tokens are stored. They are random and long, so that no slow hash function is needed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
