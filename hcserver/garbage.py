"""How the garbage collector of Python works in a server, which must not stand still."""

from __future__ import annotations

import gc

# Objects, or collections of the younger generation, after which a generation is examined. Requests leave no
# reference cycles behind, so there is little to find; with Python's own figures (700, 10, 10) it is searched
# for all the time.
THRESHOLDS = (10_000, 10, 10)


def keep_out_of_collections() -> None:
    """Leave everything that exists now, which a started server needs until it ends, out of all collections.

    To examine it took 80 ms every few seconds, in which nothing else was done.
    """
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()
