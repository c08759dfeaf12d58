"""projects/, projects/<uuid> and projects/<uuid>/rotate-key, under an admin key"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.handlers.harness import NOWHERE, Reply, Site

KEYS = {"api_key", "api_key_readonly", "ping_key", "badge_key"}
PATHS = [
    ("GET", "projects/"),
    ("POST", "projects/"),
    ("GET", f"projects/{NOWHERE}"),
    ("POST", f"projects/{NOWHERE}"),
    ("DELETE", f"projects/{NOWHERE}"),
    ("POST", f"projects/{NOWHERE}/rotate-key"),
]


class Admin:
    def __init__(self, site: Site, key: str) -> None:
        self.site = site
        self.key = key

    async def __call__(self, method: str, path: str, data: Any = None, **options: Any) -> Reply:
        return await self.site.api(method, path, data, **{"key": self.key, **options})

    async def create(self, **members: Any) -> dict[str, Any]:
        reply = await self("POST", "projects/", {"name": f"p {uuid4()}", **members})
        assert reply.status == 201, reply.body
        document: dict[str, Any] = reply.json
        return document


@pytest_asyncio.fixture(loop_scope="session")
async def admin(site: Site) -> Admin:
    return Admin(site, (await site.services.admin_keys.create())[1])


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_no_key_of_a_project_opens_them(site: Site, method: str, path: str) -> None:
    for key in ("", "short"):
        reply = await site.api(method, path, key=key)
        assert (reply.status, reply.error) == (401, "missing api key")
    for key in (site.keys.api_key, site.keys.api_key_readonly, "hca_" + "x" * 28, "ÿ" * 32):
        reply = await site.api(method, path, key=key)
        assert (reply.status, reply.error) == (401, "wrong api key")


@pytest.mark.parametrize("path", ["checks/", f"checks/{NOWHERE}", "channels/", "badges/", "windows/"])
async def test_an_admin_key_opens_nothing_else(admin: Admin, path: str) -> None:
    reply = await admin("GET", path)
    assert (reply.status, reply.error) == (401, "wrong api key")


async def test_a_deleted_admin_key_opens_nothing_at_once(admin: Admin) -> None:
    key, clear = await admin.site.services.admin_keys.create("temporary")
    assert (await admin("GET", "projects/", key=clear)).status == 200
    await admin.site.services.admin_keys.delete(key.id)
    assert (await admin("GET", "projects/", key=clear)).error == "wrong api key"


async def test_admin_keys_are_stored_as_hashes_only(admin: Admin) -> None:
    assert (admin.key[:4], len(admin.key)) == ("hca_", 32)
    for key in await admin.site.services.admin_keys.all():
        assert admin.key not in repr(key)


async def test_the_answer_to_a_new_project_has_its_keys_which_work(admin: Admin) -> None:
    made = await admin.create(name="Home lab")
    plain = {name: value for name, value in made.items() if name not in KEYS}
    assert plain == {
        "id": made["id"],
        "name": "Home lab",
        "created": "2024-03-10T12:00:00+00:00",
        "checks_limit": 10_000,
        "pings_limit": 100,
    }
    assert (await admin("GET", "checks/", key=made["api_key"])).json == {"checks": []}
    assert (await admin("GET", "checks/", key=made["api_key_readonly"])).status == 200
    assert (await admin("GET", f"projects/{made['id']}")).json == plain
    assert plain in (await admin("GET", "projects/")).json["projects"]
    assert (await admin("DELETE", f"projects/{made['id']}")).json == plain


async def test_limits_are_set_and_taken_back(admin: Admin) -> None:
    made = await admin.create(checks_limit=1)
    assert (made["checks_limit"], made["pings_limit"]) == (1, 100)
    assert (await admin("POST", "checks/", {}, key=made["api_key"])).status == 201
    assert (await admin("POST", "checks/", {}, key=made["api_key"])).status == 403
    path = f"projects/{made['id']}"
    for members, limits in (
        ({"checks_limit": 2}, (2, 100)),
        ({"pings_limit": 7}, (2, 7)),
        ({}, (2, 7)),
        ({"checks_limit": 0, "pings_limit": 0}, (10_000, 100)),
    ):
        document = (await admin("POST", path, members)).json
        assert (document["checks_limit"], document["pings_limit"]) == limits
        assert (await admin("GET", path)).json == document
    assert (await admin("POST", "checks/", {}, key=made["api_key"])).status == 201


async def test_a_project_is_renamed(admin: Admin) -> None:
    made, other = await admin.create(), await admin.create()
    name = f"renamed {uuid4()}"
    for _ in range(2):
        reply = await admin("POST", f"projects/{made['id']}", {"name": name})
        assert (reply.status, reply.json["name"]) == (200, name)
    for method_path in ("projects/", f"projects/{other['id']}"):
        reply = await admin("POST", method_path, {"name": name})
        assert (reply.status, reply.error) == (400, f"there is a project '{name}' already")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "json validation error: name is missing"),
        ({"name": None}, "json validation error: name is not a string"),
        ({"name": "x" * 101}, "json validation error: name is too long"),
        ({"name": "x", "checks_limit": -1}, "json validation error: checks_limit is too small"),
        ({"name": "x", "pings_limit": 1001}, "json validation error: pings_limit is too large"),
        ({"name": " "}, "json validation error: name is empty"),
    ],
    ids=str,
)
async def test_a_faulty_project_is_not_made(admin: Admin, members: dict[str, Any], expected: str) -> None:
    before = (await admin("GET", "projects/")).json
    reply = await admin("POST", "projects/", members)
    assert (reply.status, reply.error) == (400, expected)
    assert (await admin("GET", "projects/")).json == before


@pytest.mark.parametrize(("method", "path"), [one for one in PATHS if str(NOWHERE) in one[1]])
async def test_an_unknown_project_is_not_found_before_what_is_wrong_with_the_request(
    admin: Admin, method: str, path: str
) -> None:
    fault = {"name": 1, "kind": 1} if method == "POST" else None
    reply = await admin(method, path, fault)
    assert (reply.status, reply.error) == (404, "not found")
    if method == "POST":
        assert (await admin(method, path, raw=b"no json", key="")).error == "could not parse request body"
        assert (await admin(method, path, fault, key="")).error == "missing api key"


@pytest.mark.parametrize(
    ("kind", "member"), [("api", "api_key"), ("api-readonly", "api_key_readonly"), ("ping", "ping_key")]
)
async def test_a_rotated_key_stops_the_old_one_at_once(admin: Admin, kind: str, member: str) -> None:
    made = await admin.create()
    check = await admin("POST", "checks/", {"slug": "x"}, key=made["api_key"])
    assert check.status == 201

    async def works(key: str) -> bool:
        if kind == "ping":
            return (await admin.site.request("GET", f"/ping/{key}/x")).status == 200
        return (await admin("GET", "checks/", key=key)).status == 200

    assert await works(made[member])
    reply = await admin("POST", f"projects/{made['id']}/rotate-key", {"kind": kind})
    assert (reply.status, reply.json) == (200, {"id": made["id"], "kind": kind, "key": reply.json["key"]})
    assert not await works(made[member])
    assert await works(reply.json["key"])


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "kind is missing"),
        ({"kind": "admin"}, "kind has unexpected value"),
        ({"kind": 1}, "kind is not a string"),
    ],
)
async def test_only_keys_that_a_project_has_can_be_rotated(
    admin: Admin, members: dict[str, Any], expected: str
) -> None:
    made = await admin.create()
    reply = await admin("POST", f"projects/{made['id']}/rotate-key", members)
    assert (reply.status, reply.error) == (400, f"json validation error: {expected}")


async def test_a_deleted_project_takes_all_that_belongs_to_it_and_nothing_else(admin: Admin) -> None:
    made, other = await admin.create(), await admin.create()
    for key in (made["api_key"], other["api_key"]):
        for path, members in (
            ("channels/", {"kind": "email", "target": "ops@example.org"}),
            ("windows/", {"schedule": "daily", "minutes": 5}),
            ("checks/", {"channels": "*"}),
            ("checks/", {}),
        ):
            assert (await admin("POST", path, members, key=key)).status == 201
    checks = (await admin("GET", "checks/", key=made["api_key"])).json["checks"]
    for check in checks:
        await admin.site.ping(check["uuid"])
    assert (await admin("DELETE", f"projects/{made['id']}")).status == 200
    assert (await admin("GET", f"projects/{made['id']}")).status == 404
    assert (await admin("GET", "checks/", key=made["api_key"])).error == "wrong api key"
    assert (await admin.site.request("GET", f"/ping/{checks[0]['uuid']}")).status == 404
    storage, id = admin.site.services.storage, UUID(made["id"])
    assert await storage.checks.count(id) == 0
    assert await storage.channels.of_project(id) == []
    assert await storage.windows.of_project(id) == []
    for path, member in (("checks/", "checks"), ("channels/", "channels"), ("windows/", "windows")):
        assert len((await admin("GET", path, key=other["api_key"])).json[member]) == 1 + (path == "checks/")
