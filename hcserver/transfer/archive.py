"""The file that holds all data of a database: how it is written, read and verified.

It is gzip over frames: a letter, then a BSON document (which begins with its length, see bsonspec.org).

    H  header: format, version, schema (of the data), created
    C  a collection begins: name
    D  one document of it, as stored
    E  end: number of documents by collection, SHA-256 over all the frames before this one
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

from hcserver.errors import HcError
from hcserver.storage.raw import LENGTH_BYTES, MAX_DOCUMENT_BYTES, decode, encode
from hcserver.storage.schema import SCHEMA_VERSION

FORMAT = "hcserver dump"
VERSION = 1

# Called with the step (a collection, or "verify"), how much of it is done, and how much it is in all.
Progress = Callable[[str, int, int], None]
Counts = dict[str, int]  # documents by collection
Frame = tuple[bytes, bytes]

_BATCH_BYTES = 2 * 1024 * 1024
_MIN_DOCUMENT_BYTES = 5
_NAME = re.compile(r"(?!system\.)[A-Za-z_][A-Za-z0-9_.]{0,99}")


class Writer:
    """A file that is being written, under another name and for its owner only, until it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_name(f"{path.name}.part")
        self._digest = hashlib.sha256()

    def __enter__(self) -> Writer:
        self._draft.unlink(missing_ok=True)
        descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._raw = os.fdopen(descriptor, "wb")
        self._file = gzip.GzipFile(filename="", fileobj=self._raw, mode="wb", compresslevel=6)
        return self

    def header(self, schema: int) -> None:
        created = datetime.now(UTC)
        self._write(
            b"H", encode({"format": FORMAT, "version": VERSION, "schema": schema, "created": created})
        )

    def collection(self, name: str) -> None:
        """Begin a collection."""
        self._write(b"C", encode({"name": name}))

    def document(self, document: bytes) -> None:
        """Add an encoded document to the collection that was begun last."""
        self._write(b"D", document)

    def finish(self, counts: Counts) -> None:
        """Write the end, make the file durable and give it its name."""
        self._write(b"E", encode({"counts": counts, "sha256": self._digest.hexdigest()}))
        self._file.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        os.replace(self._draft, self._path)

    def _write(self, kind: bytes, document: bytes) -> None:
        self._digest.update(kind + document)
        self._file.write(kind + document)

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()
        self._draft.unlink(missing_ok=True)


def verify(path: Path, progress: Progress) -> Counts:
    """Read it all and return the number of documents by collection. Raises HcError if it is damaged."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    counts: Counts = {}
    name = None
    with path.open("rb") as raw, gzip.open(raw) as file:
        frames = _frames(file)
        kind, document = next(frames, (b"", b""))
        _check_header(kind, document)
        digest.update(kind + document)
        for kind, document in frames:
            if kind == b"E":
                _check_end(document, counts, digest.hexdigest())
                if next(frames, None) is not None:
                    raise HcError("the dump is damaged: something follows its end")
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


def batches(path: Path, size: int) -> Iterator[tuple[str, list[bytes], int]]:
    """(collection, documents, how many of it so far), at most `size` documents and a few MB at a time."""
    name, batch, in_bytes, done = "", list[bytes](), 0, 0
    with gzip.open(path) as file:
        for kind, document in _frames(file):
            if batch and (kind != b"D" or len(batch) >= size or in_bytes + len(document) > _BATCH_BYTES):
                done += len(batch)
                yield name, batch, done
                batch, in_bytes = [], 0
            if kind == b"C":
                name, done = decode(document)["name"], 0
            elif kind == b"D":
                batch.append(document)
                in_bytes += len(document)


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn what reading and writing files raises into HcError."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
        raise HcError(f"{path} is damaged or no dump: {error}") from error
    except OSError as error:
        raise HcError(f"{path}: {error.strerror or error}") from error


def _frames(file: gzip.GzipFile) -> Iterator[Frame]:
    while kind := file.read(1):
        length = file.read(LENGTH_BYTES)
        size = int.from_bytes(length, "little")
        known = kind in b"HCDE" and len(length) == LENGTH_BYTES
        if not known or not _MIN_DOCUMENT_BYTES <= size <= MAX_DOCUMENT_BYTES:
            raise HcError("the dump is damaged: there is no document where one should begin")
        rest = file.read(size - LENGTH_BYTES)
        if len(rest) < size - LENGTH_BYTES:
            raise HcError("the dump is cut off in the middle of a document")
        yield kind, length + rest


def _check_header(kind: bytes, document: bytes) -> None:
    header = decode(document) if kind == b"H" else {}
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


def _check_end(document: bytes, counts: Counts, checksum: str) -> None:
    end: dict[str, Any] = decode(document)
    if end.get("counts") != counts or end.get("sha256") != checksum:
        raise HcError("the dump is damaged: its checksum does not fit")


def _new_collection(document: bytes, counts: Counts) -> str:
    name = decode(document).get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in counts:
        raise HcError(f"the dump is damaged: {str(name)[:100]!r} is not a valid name of a collection")
    return name
