"""GET channels/"""

from __future__ import annotations

from tests.handlers.harness import Site


async def test_channels_are_listed_with_id_name_and_kind(site: Site) -> None:
    email = await site.channel("My Work Email")
    site.clock.advance(1)
    reply = await site.api("POST", "channels/", {"kind": "webhook", "target": "https://x.example"})
    webhook = reply.json["id"]
    for version in (1, 2, 3):
        reply = await site.api("GET", "channels/", version=version)
        assert (reply.status, reply.json) == (
            200,
            {
                "channels": [
                    {"id": str(email.id), "name": "My Work Email", "kind": "email"},
                    {"id": webhook, "name": "", "kind": "webhook"},
                ]
            },
        )


async def test_other_projects_channels_are_not_listed(site: Site) -> None:
    other = await site.beside()
    await other.channel("theirs")
    assert (await site.api("GET", "channels/")).json == {"channels": []}
    await other.close()
