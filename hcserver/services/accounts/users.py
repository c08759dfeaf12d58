"""Users: created, listed, given passwords, deleted."""

from __future__ import annotations

from uuid import UUID, uuid4

from hcserver.domain.clock import Clock
from hcserver.domain.session import Session
from hcserver.domain.user import User, name_key
from hcserver.errors import InvalidFields, NotFound
from hcserver.services.absences import Absences
from hcserver.services.accounts.members import Members
from hcserver.services.accounts.passwords import Passwords
from hcserver.services.accounts.recent import Recent
from hcserver.services.accounts.sessions import Sessions
from hcserver.storage import Storage
from hcserver.validation.account import new_password, new_user, user_name

LOCK = "users"  # held by whoever creates a user


class Users:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self, storage: Storage, passwords: Passwords, sessions: Sessions, members: Members, clock: Clock
    ) -> None:
        self._storage = storage
        self._passwords = passwords
        self._sessions = sessions
        self._members = members
        self._clock = clock
        self._recent: Recent[str, User] = Recent(clock)
        self._absent: Absences[str] = Absences(clock)
        self._any: Recent[None, bool] = Recent(clock)

    async def create(self, name: str, password: str | None, *, admin: bool = False) -> User:
        """Without a password the user is signed in by a trusted proxy only.

        Raises InvalidFields for a name or password that can't be used, and for a name that is taken.
        """
        user = await self.prepare(name, password, admin=admin)
        async with self._storage.locks.hold(LOCK, self._clock):
            await self.insert(user)
        return user

    async def prepare(self, name: str, password: str | None, *, admin: bool) -> User:
        """The user to be created. Raises InvalidFields for a name or password that can't be used."""
        new_user(name, password)
        return User(
            id=uuid4(),
            name=user_name(name),
            created=self._clock(),
            admin=admin,
            password_hash=None if password is None else await self._passwords.hash(password),
        )

    async def insert(self, user: User) -> None:
        """To be called while LOCK is held. Raises InvalidFields for a name that is taken."""
        if await self._storage.users.by_name(user.name) is not None:
            raise InvalidFields({"name": f"There is a user {user.name!r} already."})
        await self._storage.users.insert(user)
        self._changed()

    async def all(self) -> list[User]:
        """In the order of their names."""
        return await self._storage.users.all()

    async def any(self) -> bool:
        """Whether there is a user."""
        return await self._storage.users.any()

    async def any_recently(self) -> bool:
        """Whether there is a user, as read from the database a few seconds ago at most."""
        known = self._any.get(None)
        if known is None:
            changes = self._any.changes
            known = await self.any()
            self._any.put(None, known, changes)
        return known

    async def get(self, id: UUID) -> User:
        """Raises NotFound."""
        user = await self._storage.users.get(id)
        if user is None:
            raise NotFound("there is no such user")
        return user

    async def find(self, name: str) -> User:
        """The user with this name, in whichever case it is written. Raises NotFound."""
        user = None if (known := as_name(name)) is None else await self._storage.users.by_name(known)
        if user is None:
            raise NotFound(f"there is no user {name[:100]!r}")
        return user

    async def recent(self, name: str) -> User | None:
        """The user with this name, as read from the database a few seconds ago at most."""
        if (known := as_name(name)) is None or (key := name_key(known)) in self._absent:
            return None
        user = self._recent.get(key)
        if user is None:
            changes = self._recent.changes
            user = await self._storage.users.by_name(known)
            if user is not None:
                self._recent.put(key, user, changes)
            elif changes == self._recent.changes:
                self._absent.add(key)
        return user

    async def set_password(self, user: User, password: str, keep: Session | None = None) -> None:
        """Change the password and end all sessions of the user but `keep`. Raises InvalidFields."""
        password_hash = await self._passwords.hash(new_password(password))
        await self._storage.users.set_password_hash(user.id, password_hash)
        self._changed()
        await self._sessions.revoke_all(user, keep)

    async def delete(self, user: User) -> None:
        """Delete the user, the memberships and the sessions; the sessions end at once."""
        await self._storage.users.delete(user.id)
        self._changed()
        await self._members.remove_user(user)
        await self._sessions.revoke_all(user)

    def _changed(self) -> None:
        self._recent.forget_all()
        self._absent.clear()
        self._any.forget_all()


def as_name(text: str) -> str | None:
    """The name that the text is; None for what can be nobody's: the database can't look up all texts."""
    try:
        return user_name(text)
    except InvalidFields:
        return None
