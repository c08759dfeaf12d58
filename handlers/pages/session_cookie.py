"""The cookie that keeps somebody signed in."""

from __future__ import annotations

from handlers.pages.base import PageHandler

# The server decides how long a session lasts; browsers keep no cookie for longer than this.
_COOKIE_SECONDS = 400 * 86400


def begin_session(handler: PageHandler, token: str) -> None:
    """Have the browser send the session's token with each request from now on."""
    handler.set_cookie(
        handler.session_cookie, token, max_age=_COOKIE_SECONDS, path="/", httponly=True, samesite="Lax",
        secure=handler.is_secure,
    )  # fmt: skip


def end_session(handler: PageHandler) -> None:
    """Have the browser forget the token."""
    # A browser takes a cookie with the prefix __Host-, also one that is to be removed, only with `Secure`.
    handler.clear_cookie(
        handler.session_cookie, path="/", httponly=True, samesite="Lax", secure=handler.is_secure
    )


def client(handler: PageHandler) -> tuple[str, str]:
    """The address that the request comes from, and what the browser calls itself."""
    return handler.client_address, handler.request.headers.get("User-Agent", "")
