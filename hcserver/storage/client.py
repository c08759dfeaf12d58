"""The connection to MongoDB: options, error translation, and how BSON is read.

Only this package knows the driver.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import pymongo
from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference
from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError
from pymongo.write_concern import WriteConcern

from hcserver.errors import ConfigError, Unavailable
from hcserver.storage.command_times import CommandTimes, Report

if TYPE_CHECKING:
    from hcserver.config.schema import MongoSettings

T = TypeVar("T")

log = logging.getLogger(__name__)

CODEC: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True, tzinfo=UTC, uuid_representation=UuidRepresentation.STANDARD
)
# A write is acknowledged when it is in the journals of a majority of the members.
DURABLE = WriteConcern(w="majority", j=True)
# The embedded server searches for each id of an $in separately; mongod is also faster with short lists.
IN_LIMIT = 100
DUPLICATE_KEY = 11000
_UNHURRIED = 86_400.0  # seconds; without any limit the driver takes that of the client


def connect(uri: str, settings: MongoSettings, report: Report | None = None) -> Any:
    """A client for `uri`; no I/O yet. Every operation ends within `settings.timeout` seconds. `report`
    hears of every command.

    Raises ConfigError when the URI can't be used.
    """
    milliseconds = int(settings.timeout * 1000)
    try:
        with warnings.catch_warnings():
            # For options that it does not know, and for values that do not fit, the driver only warns.
            warnings.filterwarnings("error", category=UserWarning, module="pymongo")
            return _client(uri, milliseconds, [] if report is None else [CommandTimes(report)])
    except (InvalidURI, ConfigurationError, ValueError, UserWarning) as error:
        raise ConfigError(f"mongodb.uri can't be used: {error}") from None


def _client(uri: str, milliseconds: int, listeners: list[CommandTimes]) -> Any:
    return AsyncIOMotorClient(
        uri,
        appname="hcserver",
        timeoutMS=milliseconds,
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        uuidRepresentation="standard",
        tz_aware=True,
        event_listeners=listeners,
    )


def database_of(client: Any, name: str) -> Any:
    """The database `name`, reading and writing as this product needs it."""
    # Always from the primary, also if the URI prefers others: writes depend on what was read.
    return client.get_database(
        name, codec_options=CODEC, write_concern=DURABLE, read_preference=ReadPreference.PRIMARY
    )


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn every error of the driver into Unavailable, and log it once with its cause."""
    try:
        yield
    except PyMongoError as error:
        log.warning("database: can't %s: %s: %s", action, type(error).__name__, str(error)[:300])
        raise Unavailable("the database is not available, try again") from error


@contextmanager
def unhurried() -> Iterator[None]:
    """Operations within take as long as they need, instead of the time of the settings."""
    with pymongo.timeout(_UNHURRIED):
        yield


def entry_id(check: UUID, n: int) -> Binary:
    """The _id of entry `n` (a ping or a flip) of a check: it sorts by check, then by n.

    With the number in the _id, the claim of (check, n) needs no second index, which makes an append to the
    embedded server three times as fast, and any range of a log is a list of known ids.
    """
    return Binary(check.bytes + n.to_bytes(8, "big"))


def entry_of(document_id: bytes) -> tuple[UUID, int]:
    """The check and the number that `entry_id` was made from."""
    return UUID(bytes=bytes(document_id[:16])), int.from_bytes(document_id[16:], "big")


def batches(items: Iterable[T], size: int = IN_LIMIT) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
