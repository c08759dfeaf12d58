"""How many files the process may have open, and how many of them may be connections of clients."""

from __future__ import annotations

import contextlib
import resource

# Files that the process needs for itself: the database's connection pool (100), outgoing messages and mail,
# worker processes, logs.
RESERVED_FILES = 200
MAX_CONNECTIONS = 10_000  # of one listener; each costs some 10 kB of memory


def raise_file_limit() -> int:
    """Raise the soft limit of open files to the hard one. The soft limit that is then in force.

    Both are inherited from the shell or the service manager (setrlimit(2), RLIMIT_NOFILE); the soft one is
    often 1024 for the sake of programs that use select(2), which this one does not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # Some systems (macOS) refuse a soft limit that the kernel does not really grant.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft


def connections_within(file_limit: int, share: float) -> int:
    """The connections that a listener may have when `share` (0 to 1) of the files left over are for it.

    At most half of a small limit is reserved, so that every listener has room for some connections.
    """
    if file_limit < 0:  # RLIM_INFINITY
        return MAX_CONNECTIONS
    left = file_limit - min(RESERVED_FILES, file_limit // 2)
    return max(min(int(left * share), MAX_CONNECTIONS), 1)
