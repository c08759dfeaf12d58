"""All data of a database into one file, and from there into another database.

The file is gzip over frames: a letter, then a BSON document (it begins with its length, see bsonspec.org).

    H  header: format, version, schema (of the data), created
    C  a collection begins: name
    D  one document of it, as stored
    E  end: number of documents by collection, SHA-256 over all the frames before this one

A dump of a running server is good: checks come first and pings last, so that the log holds at least the pings
that the checks count; what it holds beyond them is folded in at the next start, as after a crash.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from hcserver.errors import HcError
from hcserver.storage.client import translated
from hcserver.storage.schema import SCHEMA_VERSION

FORMAT = "hcserver dump"
VERSION = 1

# Called with what is under way (a collection's name, or "verify"), how much is done, and of how much.
Progress = Callable[[str, int, int], None]

_MAX_DOCUMENT_BYTES = 17 * 1024 * 1024  # MongoDB's limit is 16 MiB and a little
_BATCH_BYTES = 2 * 1024 * 1024
_BATCH_DOCUMENTS = 200
_LENGTH_BYTES = 4
_NAME = re.compile(r"(?!system\.)[A-Za-z_][A-Za-z0-9_.]{0,99}")
# What holds for seconds, or is told from one process to the other, is of no use elsewhere.
_TRANSIENT = {"locks", "news"}
_META = "meta"
_LOADING = {"_id": "loading"}

Counts = dict[str, int]
Frame = tuple[bytes, bytes]


async def dump(database: Any, path: Path, progress: Progress) -> Counts:
    """Write all documents to `path`, which appears when it is complete; returns their number by collection.

    Raises HcError when the file can't be written or the database holds a half-loaded dump, Unavailable.
    """
    with _file_errors(path), _Writer(path) as writer, translated("dump"):
        meta = await database[_META].find_one({"_id": "schema"})
        if await database[_META].find_one(_LOADING) is not None:
            raise HcError("the database holds a dump that was loaded only in part: load it again first")
        schema = SCHEMA_VERSION if meta is None else int(meta["version"])
        writer.write(
            b"H", {"format": FORMAT, "version": VERSION, "schema": schema, "created": datetime.now(UTC)}
        )
        counts = {}
        for name in sorted(await _collections(database), key=_dump_order):
            counts[name] = await _dump_collection(database[name], writer, progress)
        writer.finish(counts)
        return counts


async def load(path: Path, database: Any, progress: Progress) -> Counts:
    """Write what is in the file `path` to the empty `database`; returns the documents' number by collection.

    The whole file is verified first. Raises HcError when it is damaged or not for this hcserver, or when the
    database isn't empty, Unavailable. A load that was cut off is begun afresh by the next one.
    """
    with _file_errors(path):
        expected = verify(path, progress)
        with translated("load"):
            await _clear_half_load(database)
            await _require_empty(database)
            await database[_META].delete_many({})
            await database[_META].insert_one(_LOADING)
            await _insert(path, database, expected, progress)
            await _compare(database, expected)
            await database[_META].delete_one(_LOADING)
        return expected


def verify(path: Path, progress: Progress) -> Counts:
    """Read the whole file; returns the documents' number by collection. Raises HcError when it is damaged."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    counts: Counts = {}
    name = None
    with path.open("rb") as raw, gzip.open(raw) as file:
        frames = _frames(file)
        _check_header(*next(frames, (b"", b"")), digest=digest)
        for kind, document in frames:
            if kind == b"E":
                _check_end(document, counts, digest.hexdigest())
                if next(frames, None) is not None:
                    raise HcError("the dump goes on behind its end")
                return counts
            if kind == b"C":
                name = _new_collection(document, counts)
                counts[name] = 0
            elif kind == b"D" and name is not None:
                counts[name] += 1
            else:
                raise HcError("the dump is damaged: its parts are out of order")
            digest.update(kind + document)
            progress("verify", min(raw.tell(), size), size)
    raise HcError("the dump is cut off: its end is missing")


async def _collections(database: Any) -> list[str]:
    names: list[str] = await database.list_collection_names()
    return [name for name in names if not name.startswith("system.") and name not in _TRANSIENT]


def _dump_order(name: str) -> tuple[bool, bool, str]:
    return name == "pings", name != "checks", name


async def _dump_collection(collection: Any, writer: _Writer, progress: Progress) -> int:
    writer.write(b"C", {"name": collection.name})
    total = await collection.estimated_document_count()
    done = 0
    async for batch in collection.find_raw_batches({}, batch_size=_BATCH_DOCUMENTS):
        for document in _split(batch):
            writer.write_raw(b"D", document)
            done += 1
        progress(collection.name, done, max(done, total))
    return done


def _split(batch: bytes) -> Iterator[bytes]:
    """The documents of a reply, which stand one behind the other."""
    start = 0
    while start < len(batch):
        end = start + int.from_bytes(batch[start : start + _LENGTH_BYTES], "little")
        yield batch[start:end]
        start = end


async def _clear_half_load(database: Any) -> None:
    if await database[_META].find_one(_LOADING) is None:
        return
    for name in await _collections(database):
        if name != _META:
            await database[name].delete_many({})


async def _require_empty(database: Any) -> None:
    """The schema's version may be there: whatever connected first has put it."""
    for name in await _collections(database):
        if name != _META and await database[name].find_one({}, {"_id": 1}) is not None:
            raise HcError(
                f"the database {database.name!r} is not empty (there is something in {name!r}): a dump is "
                "only loaded into an empty one; name another mongodb.database, or another embedded.path"
            )


async def _insert(path: Path, database: Any, expected: Counts, progress: Progress) -> None:
    with gzip.open(path) as file:
        for name, batch, done in _batches(_frames(file)):
            await database[name].insert_many(batch, ordered=True)
            progress(name, done, expected[name])


def _batches(frames: Iterator[Frame]) -> Iterator[tuple[str, list[RawBSONDocument], int]]:
    """(collection, documents, how many of it by then), bounded in number and bytes."""
    name, batch, size, done = "", list[RawBSONDocument](), 0, 0
    for kind, document in frames:
        if batch and (kind != b"D" or len(batch) >= _BATCH_DOCUMENTS or size + len(document) > _BATCH_BYTES):
            done += len(batch)
            yield name, batch, done
            batch, size = [], 0
        if kind == b"C":
            name, done = bson.decode(document)["name"], 0
        elif kind == b"D":
            batch.append(RawBSONDocument(document))
            size += len(document)


async def _compare(database: Any, expected: Counts) -> None:
    for name, count in expected.items():
        # The mark of the load under way is not of the dump.
        found = await database[name].count_documents({}) - (name == _META)
        if found != count:
            raise HcError(
                f"{found} of {count} documents arrived in {name!r}: something else writes to the database"
            )


def _frames(file: gzip.GzipFile) -> Iterator[Frame]:
    while kind := file.read(1):
        length = file.read(_LENGTH_BYTES)
        size = int.from_bytes(length, "little")
        if kind not in b"HCDE" or len(length) < _LENGTH_BYTES or not 5 <= size <= _MAX_DOCUMENT_BYTES:
            raise HcError("the dump is damaged: there is no document where one should begin")
        rest = file.read(size - _LENGTH_BYTES)
        if len(rest) < size - _LENGTH_BYTES:
            raise HcError("the dump is cut off in the middle of a document")
        yield kind, length + rest


def _check_header(kind: bytes, document: bytes, *, digest: hashlib._Hash) -> None:
    header = bson.decode(document) if kind == b"H" else {}
    if header.get("format") != FORMAT:
        raise HcError("this is no dump of hcserver")
    version, schema = header.get("version"), header.get("schema")
    if version != VERSION:
        raise HcError(f"the dump has format version {version}, this hcserver reads version {VERSION}")
    if not isinstance(schema, int) or schema > SCHEMA_VERSION:
        raise HcError(
            f"the dump has schema version {schema}, this hcserver knows up to {SCHEMA_VERSION}: "
            "load it with the hcserver that wrote it, or a newer one"
        )
    digest.update(kind + document)


def _check_end(document: bytes, counts: Counts, checksum: str) -> None:
    end = bson.decode(document)
    if end.get("counts") != counts or end.get("sha256") != checksum:
        raise HcError("the dump is damaged: its checksum does not fit")


def _new_collection(document: bytes, counts: Counts) -> str:
    name = bson.decode(document).get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in counts:
        raise HcError(f"the dump is damaged: {str(name)[:100]!r} is no collection of ours")
    return name


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Turn what files raise into HcError."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, BSONError) as error:
        raise HcError(f"{path} is damaged or no dump: {error}") from error
    except OSError as error:
        raise HcError(f"{path}: {error.strerror or error}") from error


class _Writer:
    """The file under way: beside its place, readable by its owner only, and there when it is finished."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(f"{path.name}.part")
        self._digest = hashlib.sha256()

    def __enter__(self) -> _Writer:
        self._draft.unlink(missing_ok=True)
        descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._raw = os.fdopen(descriptor, "wb")
        self._file = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", compresslevel=6)
        return self

    def write(self, kind: bytes, document: dict[str, Any]) -> None:
        self.write_raw(kind, bson.encode(document))

    def write_raw(self, kind: bytes, document: bytes) -> None:
        self._digest.update(kind + document)
        self._file.write(kind + document)

    def finish(self, counts: Counts) -> None:
        """Write the end and put the file in its place, for good."""
        self.write(b"E", {"counts": counts, "sha256": self._digest.hexdigest()})
        self._file.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        os.replace(self._draft, self._path)

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()
        self._draft.unlink(missing_ok=True)
