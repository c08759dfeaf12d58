"""Run the embedded database so that the kernel ends it when its owner ends, even by SIGKILL (Linux).

A script, not a module: `python parent_death.py PARENT ARGUMENTS…` becomes `python ARGUMENTS…`. Doing this in
a program of its own avoids a preexec_fn, which is not safe in a process with threads. For the same reason it
sets the file mode creation mask: uvloop can't do that for a child.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>; kept across execve(2)


def end_with(parent: int) -> None:
    """Have the kernel end this process when that one, which must be its parent, ends."""
    # SIGKILL, because SecantusDB sometimes misses SIGTERM; nothing is lost, as every write is synced.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    # If the parent ended before the call of prctl, no signal would ever come.
    if os.getppid() != parent:
        sys.exit("the parent process has ended")


if __name__ == "__main__":
    os.umask(0o077)  # the files are for the database's owner alone
    if sys.platform == "linux":
        end_with(int(sys.argv[1]))
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
