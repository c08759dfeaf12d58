"""The base of the web pages: who is looking, what they may do, forms, errors.

    class ChannelsPage(PageHandler):
        @signed_in
        async def get(self, project_id: str) -> None:
            project = await self.open_project(project_id, "viewer")
            self.show("channels.html", title="Channels", section="channels", channels=...)

        @signed_in
        async def post(self, project_id: str) -> None:
            project = await self.open_project(project_id, "editor")
            name = self.form.get("name")
            ...
            self.go(f"/p/{project.id}/channels", notice="The channel is there.")

Every form contains `{% raw xsrf_form_html() %}`. Without its token a POST is answered with 403.
"""

from __future__ import annotations

import functools
import http.client
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import quote
from uuid import UUID

from tornado.escape import url_escape, url_unescape
from tornado.web import HTTPError

from handlers.base import BaseHandler
from handlers.client_address import ClientAddresses
from handlers.pages import display
from handlers.pages.form import Form, parse_form
from hcserver.domain.check import Check
from hcserver.domain.member import Membership
from hcserver.domain.project import Project
from hcserver.domain.session import SignedIn
from hcserver.domain.user import Role, User, may
from hcserver.domain.uuids import parse_uuid
from hcserver.errors import Forbidden, HcError, NotFound, Unavailable

FORM_LIMIT = 1_000_000  # bytes of a form
NOTICE_TIME = 60  # seconds for which a notice waits to be shown
NOTICE_LENGTH = 300  # characters: it travels in a cookie, and browsers drop large ones
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)

H = TypeVar("H", bound="PageHandler")
P = ParamSpec("P")
Method = Callable[Concatenate[H, P], Coroutine[Any, Any, None]]


def signed_in(method: Method[H, P]) -> Method[H, P]:
    """Only for people who have signed in; others are led to the sign-in, and from there back."""
    return _opened(method, for_everybody=False)


def public(method: Method[H, P]) -> Method[H, P]:
    """For everybody, whether they have signed in or not."""
    return _opened(method, for_everybody=True)


def _opened(method: Method[H, P], for_everybody: bool) -> Method[H, P]:
    @functools.wraps(method)
    async def opened(self: H, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if not self.services.ready:
            raise Unavailable("the server is starting, try again")
        self.signed_in = await self.find_visitor()
        if self.signed_in is None and not for_everybody:
            self.lead_to_sign_in()
            return
        if self.request.method == "POST":
            self.read_form()
        await method(self, *args, **kwargs)

    return cast(Method[H, P], opened)


class PageHandler(BaseHandler):
    """`signed_in` says who is looking, `form` has the fields of a POST, `project` is the page's project."""

    def initialize(self) -> None:
        super().initialize()
        self.signed_in: SignedIn | None = None
        self.form = Form({})
        self.project: Project | None = None
        self.role: Role = "viewer"  # the visitor's, in `project`
        self._memberships: list[Membership] | None = None

    @property
    def body_limit(self) -> int:
        return FORM_LIMIT if self.request.method == "POST" else 0

    @property
    def user(self) -> User:
        """Who is looking."""
        assert self.signed_in is not None, "only pages for people who have signed in have a user"
        return self.signed_in.user

    @property
    def base_url(self) -> str:
        return self.services.settings.http.public_url

    def set_default_headers(self) -> None:
        super().set_default_headers()
        set_security_headers(self)
        self.set_header("Cache-Control", "no-cache, private")

    # -- who is looking

    async def find_visitor(self) -> SignedIn | None:
        """By the cookie of a session or, behind a proxy that signs people in, by its header."""
        headers = self.request.headers
        name = self.services.settings.web.auth_header
        if name and name in headers:
            peer = self.request.remote_ip or ""
            found = await self.services.accounts.proxied(_in_utf8(headers[name]), peer)
            if found is not None:
                return found
        token = self.get_cookie(self.session_cookie)
        return await self.services.accounts.session(token) if token else None

    @property
    def client_address(self) -> str:
        """The address of whoever is looking."""
        addresses: ClientAddresses = self.settings["client_addresses"]
        return addresses.address(self.request.remote_ip or "", self.request.headers)

    @property
    def session_cookie(self) -> str:
        """The name of the cookie that has the session's token."""
        return "__Host-session" if self.is_secure else "session"

    @property
    def is_secure(self) -> bool:
        """Whether people reach the pages by https."""
        return self.base_url.startswith("https:")

    def lead_to_sign_in(self) -> None:
        """To the sign-in, and from there back to this page. Scripts get a status 401."""
        headers = self.request.headers
        if headers.get("X-Fragment") or headers.get("Accept") == "text/event-stream":
            raise HTTPError(401)
        back = self.request.uri if self.request.method in ("GET", "HEAD") else None
        self.go("/sign-in" + (f"?next={quote(back, safe='')}" if back and back != "/" else ""))

    async def memberships(self) -> list[Membership]:
        """The projects of whoever is looking, by name."""
        if self._memberships is None:
            found = await self.services.accounts.memberships(self.user)
            self._memberships = sorted(found, key=lambda one: one.project.name.casefold())
        return self._memberships

    async def open_project(self, id: str | UUID, needed: Role) -> Project:
        """The project, which becomes the page's.

        Raises NotFound when it is none of the user's, Forbidden when the user's role does not suffice.
        """
        wanted = id if isinstance(id, UUID) else UUID(id)
        for membership in await self.memberships():
            if membership.project.id == wanted:
                self.project, self.role = membership.project, membership.role
                if not may(membership.role, needed):
                    raise Forbidden(f"this needs the role {needed} in the project")
                return membership.project
        raise NotFound("not found")

    async def open_check(self, id_or_key: str, needed: Role) -> Check:
        """The check with this id or unique key, whose project becomes the page's.

        Raises NotFound, Forbidden.
        """
        id = parse_uuid(id_or_key) or await self.services.lookup.check_by_alias(id_or_key)
        check = await self.services.checks.by_id(id)
        await self.open_project(check.project, needed)
        return check

    async def is_welcome(self, project: UUID) -> bool:
        """Whether whoever is looking is still signed in, and still a member of the project.

        For pages that last: a session may be revoked, and a membership removed or changed, meanwhile.
        """
        visitor = await self.find_visitor()
        if visitor is None:
            return False
        for membership in await self.services.accounts.memberships(visitor.user):
            if membership.project.id == project:
                self.role = membership.role
                return True
        return False

    def may(self, needed: Role) -> bool:
        """Whether the user has at least this role in the page's project."""
        return may(self.role, needed)

    # -- forms

    def read_form(self) -> None:
        """Raises HTTPError (413; 400 for what is no form; 403 without the token against forged requests)."""
        if self.truncated:
            raise HTTPError(413)
        self.form = parse_form(self.request.headers.get("Content-Type", ""), self.body)
        # Where Tornado looks for the token. It has not parsed the body, as bodies are streamed.
        self.request.arguments["_xsrf"] = [self.form.get("_xsrf").encode()]
        self.check_xsrf_cookie()

    # -- answers

    def get_current_user(self) -> User | None:
        return None if self.signed_in is None else self.signed_in.user

    def get_template_namespace(self) -> dict[str, Any]:
        namespace: dict[str, Any] = super().get_template_namespace()
        page = {"section": "", "project": self.project, "memberships": self._memberships or [], "notice": ""}
        return {**namespace, **display.FUNCTIONS, **page, "now": self.services.clock(), "may": self.may}

    async def show(self, template: str, *, title: str, section: str = "", **values: Any) -> None:
        """Answer with a page. `section` is the entry of the navigation that it belongs to."""
        if self.signed_in is not None:
            await self.memberships()
        self.set_header("Content-Type", "text/html; charset=utf-8")
        page = {"title": title, "section": section, "notice": self._take_notice()}
        self.write(self.render_string(template, **{**page, **values}))

    def go(self, path: str, notice: str = "") -> None:
        """Lead to another page, which shows the notice."""
        if notice:
            self.set_cookie(
                "notice",
                url_escape(notice[:NOTICE_LENGTH]),
                max_age=NOTICE_TIME,
                httponly=True,
                samesite="Lax",
                secure=self.is_secure,
            )
        self.set_status(303)
        self.set_header("Location", path)

    def _take_notice(self) -> str:
        notice = self.get_cookie("notice", "")
        if notice:
            self.clear_cookie("notice")
        return url_unescape(notice) if notice else ""

    def finish_error(self, status_code: int, error: BaseException | None) -> None:
        self.set_status(status_code)
        text = self.error_text(error)
        if self.request.headers.get("X-Fragment"):
            self.write_text(text, status_code)
        else:
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.write(self.render_string("error.html", title=_title(status_code), text=text))
        self.finish()

    def error_text(self, error: BaseException | None) -> str:
        if isinstance(error, HTTPError):
            return _ERRORS.get(error.status_code) or super().error_text(error)
        if isinstance(error, NotFound | HcError) and not str(error):
            return _title(403)
        return super().error_text(error)


def set_security_headers(handler: Any) -> None:
    """Nothing is loaded from elsewhere, no script stands in a page, and no other site may frame it."""
    handler.set_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Referrer-Policy", "same-origin")
    handler.set_header("Cross-Origin-Opener-Policy", "same-origin")


def own_path(path: str) -> str:
    """The path if it leads to a page of this server, else the path of the first page."""
    is_path = path.startswith("/") and not path.startswith("//")  # the latter would be another host
    return path if is_path and path.isascii() and path.isprintable() and "\\" not in path else "/"


def _in_utf8(value: str) -> str:
    """The value of a header in UTF-8, which Tornado has read as Latin-1."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _title(status_code: int) -> str:
    return http.client.responses.get(status_code, "Error")


_ERRORS = {
    401: "Sign in first.",
    403: "This form is no longer valid. Go back, load the page again and repeat what you did.",
    404: "There is no such page.",
    413: "The form is too large.",
}
