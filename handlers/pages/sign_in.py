"""Signing in, at /sign-in, and signing out."""

from __future__ import annotations

from handlers.pages.base import PageHandler, own_path, public
from handlers.pages.session_cookie import begin_session, client, end_session
from hcserver.errors import TooManyRequests, Unauthorized


class SignInPage(PageHandler):
    """`next` is the page that the user wanted to see; only pages of this server count."""

    @public
    async def get(self) -> None:
        if self.signed_in is not None:
            self.go(own_path(self.get_query_argument("next", "/")))
            return
        await self._show_form(self.get_query_argument("next", "/"), "", "")

    @public
    async def post(self) -> None:
        name, password = self.form.get("name"), self.form.exact("password")
        try:
            token = await self.services.accounts.sign_in(name, password, *client(self))
        except Unauthorized:
            self.set_status(400)
            await self._show_form(self.form.get("next"), name, "The name or the password is wrong.")
        except TooManyRequests as error:
            self.set_status(429)
            self.set_header("Retry-After", str(error.retry_after))
            await self._show_form(self.form.get("next"), name, f"{str(error).capitalize()}.")
        else:
            begin_session(self, token)
            self.go(own_path(self.form.get("next") or "/"))

    async def _show_form(self, next_page: str, name: str, fault: str) -> None:
        values = {"next_page": own_path(next_page), "name": name, "fault": fault}
        anybody = await self.services.accounts.users.any_recently()
        await self.show("sign_in.html", title="Sign in", anybody=anybody, **values)


class SignOut(PageHandler):
    """By a form, so that no link and no other site can sign anybody out."""

    @public
    async def post(self) -> None:
        token = self.get_cookie(self.session_cookie)
        if token:
            await self.services.accounts.sign_out(token)
        end_session(self)
        self.go("/sign-in", notice="You have signed out.")


ROUTES = [("/sign-in", SignInPage), ("/sign-out", SignOut)]
