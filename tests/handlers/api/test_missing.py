"""Collections are found without their slash, and nothing else is."""

from __future__ import annotations

import pytest

from tests.handlers.api.test_cors import COLLECTIONS, METHODS, assert_cors
from tests.handlers.harness import NOWHERE, Site


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_a_collection_without_its_slash_redirects_to_the_one_with_it(site: Site, path: str) -> None:
    for version in (1, 2, 3):
        for query in ("", "?tag=a%20b&tag=c", "?"):
            for method in ("GET", "POST"):
                reply = await site.api(method, path[:-1] + query, key="", version=version)
                assert reply.status == 301
                assert reply.headers["location"] == f"/api/v{version}/{path}" + query.rstrip("?")
                assert_cors(reply, METHODS[path])


@pytest.mark.parametrize(
    "path", ["nothing", "nothing/", "checks//", f"checks/{NOWHERE}/", f"channels/{NOWHERE}/test/", "status/x"]
)
async def test_elsewhere_there_is_nothing_whatever_the_method_and_key(site: Site, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS", "PURGE"):
        for key in (None, ""):
            reply = await site.api(method, path, key=key)
            assert (reply.status, reply.error) == (404, "not found")
