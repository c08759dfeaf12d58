"""Making a new embedded database with its only user, and making sure that it lets in nobody else.

SecantusDB has no localhost exception: its users are made while it asks for no password. During that time it
listens on a Unix socket in a folder that only its owner can enter, never on a port.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from hcserver.config.schema import EmbeddedSettings
from hcserver.embedded.data_directory import Credentials, DataDirectory
from hcserver.embedded.process import HOST, DatabaseProcess, on_socket, private_command
from hcserver.errors import HcError, Unavailable
from hcserver.storage import administration

USER = "hcserver"
_OWN_DATABASES = {"admin", "config", "local"}  # SecantusDB may make these by itself


class Untrusted(HcError):
    """The database lets in others than us, or not us."""


async def provision(settings: EmbeddedSettings, folder: DataDirectory) -> Credentials:
    """Make the folder's database and its user. Raises HcError, OSError."""
    draft = folder.path / "db.new"
    shutil.rmtree(draft, ignore_errors=True)
    credentials = Credentials(USER, secrets.token_urlsafe(32))
    # Not in the data folder: the path of a Unix socket may have about 100 bytes at most (unix(7)).
    with tempfile.TemporaryDirectory(prefix="hcserver-") as private:  # with mode 0700
        listening = Path(private) / "db.sock"
        command = private_command(settings, folder, draft, listening)
        process = await DatabaseProcess.spawn(folder, command, on_socket(listening))
        try:
            await process.until_listening()
            await asyncio.to_thread(
                administration.create_user, socket_uri(listening), credentials.user, credentials.password
            )
        except Unavailable as error:
            raise HcError(f"the embedded database can't be set up: {error}") from error
        finally:
            await process.stop()
    folder.adopt(credentials, draft)
    return credentials


async def verify(port: int, credentials: Credentials, *, fresh: bool) -> None:
    """Make sure that the database takes our password, and nothing but our password.

    A `fresh` one must also be empty. Raises Untrusted, which names who else is let in, or HcError.
    """
    uri = port_uri(port, credentials)
    try:
        found = await asyncio.to_thread(administration.users, uri)
        if not await asyncio.to_thread(administration.asks_for_password, port_uri(port)):
            raise Untrusted("everybody, without a password")
        if found != [f"admin.{USER}"]:
            raise Untrusted(f"the users {', '.join(found) or '(none)'}, not only admin.{USER}")
        if fresh and (others := set(await asyncio.to_thread(administration.databases, uri)) - _OWN_DATABASES):
            raise Untrusted(f"somebody who has made the databases {', '.join(sorted(others))}")
    except Unavailable as error:
        raise HcError(f"the database refuses the password in the data folder: {error}") from error


def port_uri(port: int, credentials: Credentials | None = None) -> str:
    """The URI of a database that listens on a TCP port."""
    # retryWrites: each retryable write makes the server search its latest 10,000 writes. directConnection:
    # it describes itself as a replica set.
    if credentials is None:
        return f"mongodb://{HOST}:{port}/?directConnection=true&retryWrites=false"
    login = f"{credentials.user}:{credentials.password}"
    return f"mongodb://{login}@{HOST}:{port}/?authSource=admin&directConnection=true&retryWrites=false"


def socket_uri(path: Path) -> str:
    """The URI of a database that listens on a Unix socket."""
    return f"mongodb://{quote(str(path), safe='')}/?directConnection=true&retryWrites=false"
