"""How the garbage collector of Python works in a server, which must not stand still."""

from __future__ import annotations

import gc

# Objects, or collections of the younger generation, after which a generation is examined. Connections leave
# some reference cycles behind, whose memory is to be free soon. As what the server has is left out, that
# takes little time.
THRESHOLDS = (1_000, 5, 5)


def keep_out_of_collections() -> None:
    """Leave everything that exists now, which a started server needs until it ends, out of all collections.

    To examine it took 80 ms every few seconds, in which nothing else was done.
    """
    gc.set_threshold(*THRESHOLDS)
    gc.collect()
    gc.freeze()
