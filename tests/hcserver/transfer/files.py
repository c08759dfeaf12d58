"""Dump files that tests write frame by frame."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson

from hcserver.storage.schema import SCHEMA_VERSION
from hcserver.transfer import archive


def frame(kind: bytes, document: dict[str, Any]) -> bytes:
    return kind + bson.encode(document)


HEADER = {
    "format": archive.FORMAT,
    "version": 1,
    "schema": SCHEMA_VERSION,
    "created": datetime(2026, 1, 1, tzinfo=UTC),
}


def written(path: Path, *frames: bytes, counts: dict[str, int]) -> Path:
    end = {"counts": counts, "sha256": hashlib.sha256(b"".join(frames)).hexdigest()}
    path.write_bytes(gzip.compress(b"".join(frames) + frame(b"E", end)))
    return path
