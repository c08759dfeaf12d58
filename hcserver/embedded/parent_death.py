"""Run the embedded database so that only its owner can read its files, and that it ends when its owner does.

A script, not a module: `python parent_death.py PARENT ARGUMENTS…` becomes `python ARGUMENTS…`. On Linux the
kernel ends it when its owner ends, even by SIGKILL. Doing this in a program of its own avoids a preexec_fn,
which is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>; kept across execve(2)

if __name__ == "__main__":
    os.umask(0o077)
    if sys.platform == "linux":
        # SIGKILL, because SecantusDB sometimes misses SIGTERM; nothing is lost, as every write is synced.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        # If the parent ended before the call of prctl, no signal would ever come.
        if os.getppid() != int(sys.argv[1]):
            sys.exit("the parent process has ended")
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
