"""What `manage.py dumpdata` of Healthchecks writes of a project with one check."""

from __future__ import annotations

from typing import Any

PING_KEY = "abcdefghijklmnopqrstuv"

DUMP: list[dict[str, Any]] = [
    {"model": "accounts.project", "pk": 1, "fields": {"name": "Old", "code": "x", "ping_key": PING_KEY}},
    {
        "model": "api.check",
        "pk": 5,
        "fields": {
            "code": "31365bce-8da9-4729-8ff3-aaa71d56b712",
            "name": "Backup",
            "project": 1,
            "created": "2020-03-01T12:00:00Z",
            "timeout": "01:00:00",
            "grace": "00:05:00",
            "n_pings": 3,
            "last_ping": "2020-03-02T12:00:00Z",
            "status": "down",
        },
    },
    {
        "model": "api.ping",
        "pk": 6,
        "fields": {"owner": 5, "n": 3, "created": "2020-03-02T12:00:00Z", "kind": "fail", "body_raw": "AP8="},
    },
    {
        "model": "api.flip",
        "pk": 7,
        "fields": {
            "owner": 5,
            "created": "2020-03-02T12:00:00Z",
            "old_status": "up",
            "new_status": "down",
        },
    },
]
