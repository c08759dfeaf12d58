"""All stores of the product in MongoDB."""

from __future__ import annotations

import secrets
from typing import Any

from hcserver.storage.admin_keys import AdminKeyStore
from hcserver.storage.api_keys import ApiKeyStore
from hcserver.storage.at_work import AtWork
from hcserver.storage.bounces import BounceStore
from hcserver.storage.channels import ChannelStore
from hcserver.storage.checks import CheckStore
from hcserver.storage.client import translated
from hcserver.storage.flips import FlipStore
from hcserver.storage.heartbeat import Heartbeat
from hcserver.storage.key_file import KeyFile
from hcserver.storage.locks import Locks
from hcserver.storage.members import MemberStore
from hcserver.storage.news import News
from hcserver.storage.notifications import NotificationStore
from hcserver.storage.pings import PingLog
from hcserver.storage.projects import ProjectStore
from hcserver.storage.sessions import SessionStore
from hcserver.storage.setup_tokens import SetupTokens
from hcserver.storage.status_pages import StatusPageStore
from hcserver.storage.tombstones import Tombstones
from hcserver.storage.users import UserStore
from hcserver.storage.walls import WallStore
from hcserver.storage.windows import WindowStore
from hcserver.storage.written_checks import WrittenChecks


class Storage:
    """All stores of one database. `keys` encrypt the targets of channels."""

    def __init__(self, database: Any, keys: KeyFile) -> None:
        self._database = database
        self.checks = CheckStore(database)
        self.pings = PingLog(database)
        self.flips = FlipStore(database)
        self.projects = ProjectStore(database)
        self.channels = ChannelStore(database, keys)
        self.notifications = NotificationStore(database)
        self.bounces = BounceStore(database)
        self.windows = WindowStore(database)
        self.admin_keys = AdminKeyStore(database)
        self.api_keys = ApiKeyStore(database)
        self.users = UserStore(database)
        self.sessions = SessionStore(database)
        self.members = MemberStore(database)
        self.setup_tokens = SetupTokens(database)
        self.status_pages = StatusPageStore(database)
        self.walls = WallStore(database)
        self.news = News(database)
        self.written_checks = WrittenChecks(database)
        self.locks = Locks(database)
        self.heartbeat = Heartbeat(database)
        self.tombstones = Tombstones(database)
        self.at_work = AtWork(database)

    async def secret(self) -> bytes:
        """A secret that all processes on this database share, made at the first call. Raises Unavailable."""
        with translated("read the secret"):
            fresh = {"$setOnInsert": {"value": secrets.token_bytes(32)}}
            await self._database["meta"].update_one({"_id": "secret"}, fresh, upsert=True)
            document = await self._database["meta"].find_one({"_id": "secret"})
        return bytes(document["value"])

    async def probe(self) -> None:
        """Prove that the database takes writes. Raises Unavailable."""
        with translated("write to the database"):
            await self._database["meta"].update_one({"_id": "probe"}, {"$inc": {"count": 1}}, upsert=True)
