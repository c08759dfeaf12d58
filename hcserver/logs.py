"""Log lines as text or as JSON: always one line for each record, whatever its message contains.

A record may have `fields` (`extra={"fields": {"check": ...}}`). They follow the message as key=value, or are
members of the object.
"""

from __future__ import annotations

import json
import logging
import sys
from copy import copy
from datetime import UTC, datetime
from typing import Any

from hcserver.config.schema import LogSettings

_SPECIAL = frozenset(' "=\\')


def set_up_logging(settings: LogSettings) -> None:
    """Log to standard error as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if settings.format == "json" else _TextFormatter())
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    # These loggers write a line for every malformed request and every reconnection of the driver. The HTTP
    # client would also log the URLs of webhooks, which are secrets.
    for name in ("tornado.general", "pymongo", "mail.log", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _harmless(text: str) -> str:
    """The text in one line, without control characters that a terminal would interpret."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = getattr(record, "fields", {})
    return fields


def _quoted(text: str) -> str:
    """As it is if it is one word, else as a string of JSON."""
    if not text.isprintable():
        return json.dumps(text)
    return text if text and not _SPECIAL.intersection(text) else json.dumps(text, ensure_ascii=False)


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        # A copy, because other handlers get the same record.
        harmless = copy(record)
        fields = "".join(f" {name}={_quoted(str(value))}" for name, value in _fields(record).items())
        harmless.msg, harmless.args = _harmless(record.getMessage()) + fields, None
        return super().format(harmless)

    def formatException(self, ei: Any) -> str:
        # An exception may contain foreign text: indented, it can not look like a line of the log.
        return "\n".join(f"    {_harmless(line)}" for line in super().formatException(ei).splitlines())


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)
