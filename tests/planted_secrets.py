"""A target of every kind of channel with secrets in it."""

from __future__ import annotations

import json

from tests.hcserver.notify.apprise.test_services import CASES

# (kind, target, secrets). That of a shell channel is one that a former version has stored.
PLANTED: list[tuple[str, str, tuple[str, ...]]] = [
    ("email", "s3cretuser@example.org", ("s3cretuser",)),
    ("email", "ops@example.org", ("ops@",)),
    (
        "webhook",
        "https://s3cretuser:s3cretword@example.org/s3cretpath?key=s3cretkey",
        ("s3cretuser", "s3cretword", "s3cretpath", "s3cretkey"),
    ),
    (
        "webhook",
        json.dumps(
            {
                "down": {
                    "url": "https://example.org/a%2Fs3cretpath#s3cretpart",
                    "headers": {"Authorization": "Bearer s3crettoken"},
                    "body": "s3cretbody",
                },
                "up": {"url": "https://example.org/s3cretup"},
                "secret": "whsec_czNjcmV0czNjcmV0czNjcmV0czNjcmV0",
            }
        ),
        ("s3cretpath", "s3cretpart", "s3crettoken", "s3cretbody", "s3cretup", "czNjcmV0czNjcmV0"),
    ),
    ("shell", "page --key s3cretkey", ("s3cretkey",)),
    ("group", "5e7a5a52-6a0e-4c64-8d4b-5a9c2f5c6d10", ()),
    ("ntfy", "ntfy://topicA/topicB", ("topicA", "topicB")),
    *((case.kind, case.target, case.secrets) for case in CASES),
]
