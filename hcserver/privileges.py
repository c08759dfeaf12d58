"""The rights of the user that hcserver runs as, and who may look into its memory."""

from __future__ import annotations

import ctypes
import logging
import os
import sys

log = logging.getLogger(__name__)

_PR_SET_DUMPABLE = 4  # <linux/prctl.h>


def warn_if_root() -> None:
    """Log a warning if this process runs as root."""
    if os.geteuid() == 0:
        log.warning("hcserver runs as root: run it as a user of its own, to limit the damage of a fault")


def protect_memory() -> None:
    """Keep other processes of the same user out of this one (Linux; elsewhere nothing is done).

    They can then neither trace it nor read its memory and its environment under /proc, and it leaves no core
    dump: see PR_SET_DUMPABLE in prctl(2). Programs that it starts are not protected.
    """
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        log.warning("other processes of this user can read the memory of hcserver: prctl has failed")
