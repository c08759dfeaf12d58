"""GET channels/"""

from __future__ import annotations

from tests.handlers.harness import Site


async def test_channels_are_listed_with_id_name_and_kind(site: Site) -> None:
    email = await site.channel("My Work Email")
    site.clock.advance(1)
    webhook = await site.core.projects.create_channel(site.project, "webhook", "https://x.example", "")
    for version in (1, 2, 3):
        reply = await site.api("GET", "channels/", version=version)
        assert (reply.status, reply.json) == (
            200,
            {
                "channels": [
                    {"id": str(email.id), "name": "My Work Email", "kind": "email"},
                    {"id": str(webhook.id), "name": "", "kind": "webhook"},
                ]
            },
        )


async def test_other_projects_channels_are_not_listed(site: Site) -> None:
    other = await site.beside()
    await other.channel("theirs")
    assert (await site.api("GET", "channels/")).json == {"channels": []}
    await other.close()
