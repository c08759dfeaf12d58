"""The rights of the user that hcserver runs as."""

from __future__ import annotations

import logging
import os

log = logging.getLogger(__name__)


def warn_if_root() -> None:
    """Log a warning if this process runs as root."""
    if os.geteuid() == 0:
        log.warning("hcserver runs as root: run it as a user of its own, to limit the damage of a fault")
