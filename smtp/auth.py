"""AUTH (RFC 4954) with the mechanisms PLAIN (RFC 4616) and LOGIN."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable

from hcserver.config.schema import SmtpSettings

MECHANISMS = "PLAIN LOGIN"
MAX_FAILURES = 3  # logins with wrong credentials on one connection

# What clients of LOGIN expect: "Username:" and "Password:".
_USERNAME = "334 VXNlcm5hbWU6"
_PASSWORD = "334 UGFzc3dvcmQ6"

Ask = Callable[[str], Awaitable[bytes | None]]


class Failed(Exception):
    """The login did not succeed; `reply` is the answer."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class WrongCredentials(Failed):
    """The user name or the password is wrong."""

    def __init__(self) -> None:
        super().__init__("535 5.7.8 Wrong user name or password")


async def authenticate(settings: SmtpSettings, argument: str, ask: Ask) -> None:
    """Carry out `AUTH argument`. `ask` sends a challenge and returns the client's next line, None if that was
    too long. Raises Failed, and WrongCredentials if the credentials are not those of the settings.
    """
    mechanism, _, initial = argument.partition(" ")
    response = initial.strip().encode("utf-8", "surrogateescape") or None
    if mechanism.upper() == "PLAIN":
        username, password = await _plain(response, ask)
    elif mechanism.upper() == "LOGIN":
        username = _decoded(response if response is not None else await ask(_USERNAME))
        password = _decoded(await ask(_PASSWORD))
    else:
        raise Failed("504 5.5.4 Mechanism not supported, use PLAIN or LOGIN")
    if settings.auth == "accept-any":
        return
    right_name = hmac.compare_digest(username, settings.auth_username.encode())
    right_password = hmac.compare_digest(password, settings.auth_password.encode())
    if not (right_name and right_password):
        raise WrongCredentials


async def _plain(response: bytes | None, ask: Ask) -> tuple[bytes, bytes]:
    """User name and password. The identity to act as, in front of them, is ignored: there is only one."""
    parts = _decoded(response if response is not None else await ask("334 ")).split(b"\0")
    if len(parts) != 3:
        raise Failed("501 5.5.2 Expected an identity, a user name and a password")
    return parts[1], parts[2]


def _decoded(line: bytes | None) -> bytes:
    if line is None:
        raise Failed("500 5.5.6 Line too long")
    if line == b"*":
        raise Failed("501 5.7.0 Login cancelled")
    if line == b"=":  # an empty initial response (RFC 4954 section 4)
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        raise Failed("501 5.5.2 Not base64") from None
