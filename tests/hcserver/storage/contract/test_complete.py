from __future__ import annotations

import inspect
from pathlib import Path

from hcserver.storage import Storage


def test_every_public_method_of_every_store_is_in_this_suite(storage: Storage) -> None:
    cases = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    stores = {name: store for name, store in vars(storage).items() if not name.startswith("_")}
    methods = [
        f"{name}.{method}("
        for name, store in {**stores, "storage": storage}.items()
        for method, _ in inspect.getmembers(store, inspect.isroutine)
        if not method.startswith("_")
    ]
    assert len(methods) > 50
    assert [method for method in methods if method not in cases] == []
