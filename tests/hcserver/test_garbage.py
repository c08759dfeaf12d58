from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc
from hcserver.garbage import THRESHOLDS, keep_out_of_collections

class Node: ...

cycle = Node()
cycle.self = cycle
keep_out_of_collections()
assert gc.get_threshold() == THRESHOLDS
assert gc.get_freeze_count() > 1000
assert len(gc.get_objects()) < 1000
new = Node()
new.self = new
del new
assert gc.collect() > 0, "what comes later is still collected"
"""


def test_what_exists_at_the_start_is_left_out_of_collections() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=60)
