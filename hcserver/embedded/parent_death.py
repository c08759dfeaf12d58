"""Run the embedded database so that it ends with us, even when we are killed (Linux).

A script, not a module: `python tether.py PARENT ARGUMENTS…` becomes `python ARGUMENTS…`. Setting this in the
child before exec, rather than in a preexec function, keeps our own threads out of it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>; kept across execve(2)

if __name__ == "__main__":
    # By force: it syncs every write, and at times misses a polite signal.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    # The parent may have gone before prctl: then no signal would ever come.
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the parent is gone")
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
