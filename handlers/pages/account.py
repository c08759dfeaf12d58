"""The user's own account, at /account: password, sessions, projects."""

from __future__ import annotations

from handlers.pages.base import PageHandler, signed_in
from handlers.pages.browser_name import browser_name
from handlers.pages.session_cookie import client, end_session
from hcserver.errors import InvalidFields, NotFound, TooManyRequests

_PATH = "/account"


class AccountPage(PageHandler):
    """What the user may see and change of the account."""

    @signed_in
    async def get(self) -> None:
        await self.show_account({})

    async def show_account(self, faults: dict[str, str]) -> None:
        """The page, with what is wrong with the fields of the form for a new password."""
        await self.show(
            "account.html", title="Account", faults=faults, browser_name=browser_name,
            sessions=await self.services.accounts.sessions_of(self.user),
            current=None if self.signed_in is None else self.signed_in.session,
            has_password=self.user.password_hash is not None,
        )  # fmt: skip


class PasswordChange(AccountPage):
    """A new password, which ends all other sessions."""

    @signed_in
    async def get(self) -> None:
        self.go(_PATH)

    @signed_in
    async def post(self) -> None:
        assert self.signed_in is not None
        old, new = self.form.exact("old_password"), self.form.exact("password")
        try:
            await self.services.accounts.change_password(self.signed_in, old, new, client(self)[0])
        except InvalidFields as error:
            self.set_status(400)
            await self.show_account(error.faults)
        except TooManyRequests as error:
            self.set_status(429)
            self.set_header("Retry-After", str(error.retry_after))
            await self.show_account({"old_password": f"{str(error).capitalize()}."})
        else:
            self.go(_PATH, notice="The password is changed. All other sessions have ended.")


class SessionEnd(AccountPage):
    """Ends one session of the user, or all others (the button `others`)."""

    @signed_in
    async def get(self) -> None:
        self.go(_PATH)

    @signed_in
    async def post(self) -> None:
        current = None if self.signed_in is None else self.signed_in.session
        if self.form.is_on("others"):
            await self.services.accounts.revoke_others(self.user, current)
            self.go(_PATH, notice="All other sessions have ended.")
            return
        ended = self.form.get("session")
        try:
            await self.services.accounts.revoke(self.user, ended)
        except NotFound:
            self.go(_PATH, notice="This session had ended already.")
            return
        if current is not None and current.id == ended:
            end_session(self)
            self.go("/sign-in", notice="You have signed out.")
            return
        self.go(_PATH, notice="The session has ended.")


ROUTES = [(_PATH, AccountPage), (f"{_PATH}/password", PasswordChange), (f"{_PATH}/sessions", SessionEnd)]
