"""Log lines: for people, or as JSON for machines; one line each, whatever is in them."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from hcserver.config import LogSettings


def set_up_logging(settings: LogSettings) -> None:
    """Log to standard error as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if settings.format == "json" else _TextFormatter())
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    # Every malformed request and every reconnection of the driver is somebody else's news.
    for name in ("tornado.general", "pymongo", "mail.log"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        # What comes from outside must not be able to begin a line of its own; tracebacks may.
        message = record.getMessage()
        record.msg, record.args = (
            message.encode("unicode_escape").decode("ascii") if not message.isprintable() else message,
            None,
        )
        return super().format(record)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry)
