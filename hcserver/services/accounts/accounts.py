"""Who uses the pages: users, their sessions, and what they may do in which project."""

from __future__ import annotations

from uuid import UUID

from hcserver.config.schema import Settings
from hcserver.domain.clock import Clock
from hcserver.domain.member import Membership
from hcserver.domain.session import Session, SignedIn
from hcserver.domain.user import Role, User, name_key
from hcserver.errors import InvalidFields, Unauthorized
from hcserver.services.accounts.members import Members
from hcserver.services.accounts.passwords import Passwords
from hcserver.services.accounts.proxied import ProxiedSignIn
from hcserver.services.accounts.sessions import Sessions
from hcserver.services.accounts.setup import Setup
from hcserver.services.accounts.throttle import Attempts
from hcserver.services.accounts.users import Users, as_name
from hcserver.services.events import EventBus, ProjectChanged
from hcserver.services.management.projects import Projects
from hcserver.storage import Storage
from hcserver.validation.account import MAX_PASSWORD, new_password

_WRONG = "wrong name or password"


class Accounts:
    """Every method raises Unavailable when the database is away.

    `users` and `members` are managed by those who may, which is for the callers to check.
    """

    def __init__(
        self, storage: Storage, projects: Projects, events: EventBus, settings: Settings, clock: Clock
    ) -> None:
        self._storage = storage
        self._passwords = Passwords()
        self._attempts = Attempts(clock)
        self._sessions = Sessions(storage, clock)
        self.members = Members(storage, clock)
        self.users = Users(storage, self._passwords, self._sessions, self.members, clock)
        self._setup = Setup(storage, self.users, projects, clock)
        self._proxied = ProxiedSignIn(self.users, settings.web, settings.http.trusted_proxies)
        events.subscribe(ProjectChanged, lambda event: self.members.forget_all())

    async def sign_in(self, name: str, password: str, address: str, user_agent: str) -> str:
        """The token of a new session. Raises Unauthorized, TooManyRequests."""
        known = as_name(name)
        key = "" if known is None else name_key(known)
        self._attempts.begin(key, address)
        user = None if known is None else await self._storage.users.by_name(known)
        if not await self._is_password(user, password):
            raise Unauthorized(_WRONG)
        assert user is not None
        token = await self._sessions.open(user, address, user_agent)
        if await self._storage.users.get(user.id) != user:
            # The password was changed, or the user deleted, while it was verified: sessions were to end.
            await self._sessions.close(token)
            raise Unauthorized(_WRONG)
        self._attempts.succeeded(key, address)
        return token

    async def session(self, token: str) -> SignedIn | None:
        """Who is signed in with this token."""
        return await self._sessions.find(token)

    async def sign_out(self, token: str) -> None:
        """End the session with this token, if there is one."""
        await self._sessions.close(token)

    async def sessions_of(self, user: User) -> list[Session]:
        """The sessions of the user; the one used last comes first."""
        return await self._sessions.of_user(user)

    async def revoke(self, user: User, session_id: str) -> None:
        """End the user's session with this id. Raises NotFound."""
        await self._sessions.revoke(user, session_id)

    async def revoke_others(self, user: User, current: Session | None) -> None:
        """End all sessions of the user but the current one."""
        await self._sessions.revoke_all(user, keep=current)

    async def proxied(self, name: str, address: str) -> SignedIn | None:
        """Whom a reverse proxy has signed in. `address` is that of the connection, which must be a trusted
        proxy's, and `name` what it has written in the header that the settings name.
        """
        return await self._proxied.find(name, address)

    async def change_password(self, signed_in: SignedIn, old: str, new: str, address: str) -> None:
        """Change one's own password; all other sessions end.

        Raises InvalidFields (`old_password`, `password`), TooManyRequests.
        """
        new_password(new)
        user = await self.users.get(signed_in.user.id)
        self._attempts.begin(name_key(user.name), address)
        if not await self._is_password(user, old):
            raise InvalidFields({"old_password": "This is not your password."})
        self._attempts.succeeded(name_key(user.name), address)
        await self.users.set_password(user, new, keep=signed_in.session)

    async def memberships(self, user: User) -> list[Membership]:
        """The projects of the user, an admin of the server has all of them; in the order of their names."""
        return await self.members.of_user(user)

    async def role_in(self, user: User, project_id: UUID) -> Role | None:
        """What the user is in the project; None: no member."""
        return await self.members.role_in(user, project_id)

    async def offer_setup(self) -> str | None:
        """A token for `set_up`; None if there is a user already. Called at each start."""
        return await self._setup.offer()

    async def require_setup_token(self, token: str) -> None:
        """Raises NotFound if nothing can be set up with this token."""
        await self._setup.require(token)

    async def set_up(
        self, token: str, name: str, password: str, project_name: str, address: str, user_agent: str
    ) -> str:
        """Create the first user, an admin of the server, and name the project (an empty name: don't).

        The result is the token of a session. Raises NotFound for a set-up token that is not valid,
        InvalidFields; then nothing is changed.
        """
        user = await self._setup.run(token, name, password, project_name)
        return await self._sessions.open(user, address, user_agent)

    async def stop(self) -> None:
        await self._sessions.stop()
        self._passwords.close()

    async def _is_password(self, user: User | None, password: str) -> bool:
        """Whether it is the user's password. It takes as long where there is no such user."""
        if len(password) > MAX_PASSWORD:
            return False
        right = await self._passwords.verify(None if user is None else user.password_hash, password)
        return right and user is not None
