"""Writing all data of a database to a file.

The dump of a running server can be loaded: checks come first and pings last, so that the log has at least the
pings that the checks count. The next start applies the pings beyond them, as after a crash. What was pruned
meanwhile is dealt with by the load (`log_gaps`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hcserver.errors import HcError
from hcserver.storage.raw import RawDatabase
from hcserver.transfer.archive import Counts, Progress, Writer, file_errors

_BATCH_DOCUMENTS = 200


async def dump(
    database: Any, path: Path, progress: Progress, channel_in_clear: Callable[[bytes], bytes] | None = None
) -> Counts:
    """Write all documents to `path`, which appears when it is complete; returns their number by collection.

    The targets of channels are written as they are stored, encrypted. `channel_in_clear` turns an encoded
    document of a channel into one with its target in clear; it may raise HcError.

    Raises HcError when the file can't be written or the database holds only a part of a dump, Unavailable.
    """
    source = RawDatabase(database)
    with file_errors(path), Writer(path) as writer:
        if await source.is_loading():
            raise HcError("the database holds a dump that was loaded only in part: load it again first")
        writer.header(await source.schema_version())
        counts = {}
        for name in sorted(await source.collections(), key=_order):
            convert = channel_in_clear if name == "channels" else None
            counts[name] = await _dump_collection(source, name, writer, progress, convert)
        writer.finish(counts)
        return counts


def _order(name: str) -> tuple[bool, bool, str]:
    return name == "pings", name != "checks", name


async def _dump_collection(
    source: RawDatabase,
    name: str,
    writer: Writer,
    progress: Progress,
    convert: Callable[[bytes], bytes] | None,
) -> int:
    writer.collection(name)
    total = await source.estimate(name)
    done = 0
    async for batch in source.read(name, _BATCH_DOCUMENTS):
        for document in batch:
            writer.document(document if convert is None else convert(document))
        done += len(batch)
        progress(name, done, max(done, total))
    return done
