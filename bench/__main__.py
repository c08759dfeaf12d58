"""All benchmarks, or some of them, as one table: `make bench`, `python -m bench [--seconds S] [PART...]`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from bench import alerts, mails, open_loop, pings, reads, several, size
from bench.table import Row, print_table

PARTS: dict[str, Callable[[float], Iterator[Row]]] = {
    "pings": pings.rows,
    "open": open_loop.rows,
    "several": several.rows,
    "reads": reads.rows,
    "alerts": alerts.rows,
    "mails": mails.rows,
    "size": size.rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure hcserver on this machine.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"all of them, or: {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each measurement (2)")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - PARTS.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    chosen = arguments.parts or list(PARTS)
    print_table(row for part in chosen for row in PARTS[part](arguments.seconds))


if __name__ == "__main__":
    main()
