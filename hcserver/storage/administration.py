"""What the owner of a database server does with it: make its user, and find out whom it lets in.

These functions block (for at most TIMEOUT seconds each) and are called in threads. They raise Unavailable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from hcserver.errors import Unavailable

TIMEOUT = 10.0  # seconds for one operation

_UNAUTHORIZED = 13  # MongoDB's error code


def create_user(uri: str, name: str, password: str) -> None:
    """Make a user who may do everything."""
    with _connected(uri) as client:
        client.admin.command("createUser", name, pwd=password, roles=["root"])


def users(uri: str) -> list[str]:
    """The users of all databases, each as database.user."""
    with _connected(uri) as client:
        return sorted(f"{user['db']}.{user['user']}" for user in client.admin["system.users"].find())


def databases(uri: str) -> list[str]:
    """The names of all databases."""
    with _connected(uri) as client:
        return sorted(client.list_database_names())


def asks_for_password(uri: str) -> bool:
    """Whether the server refuses a client without credentials; `uri` has none."""
    with _connected(uri) as client:
        try:
            client.admin.command("listDatabases")
        except OperationFailure as error:
            return error.code == _UNAUTHORIZED
        return False


@contextmanager
def _connected(uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    milliseconds = int(TIMEOUT * 1000)
    try:
        with MongoClient[dict[str, Any]](
            uri, timeoutMS=milliseconds, serverSelectionTimeoutMS=milliseconds
        ) as client:
            yield client
    except PyMongoError as error:
        raise Unavailable(f"{type(error).__name__}: {str(error)[:300]}") from error
