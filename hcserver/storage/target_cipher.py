"""Encryption of the targets of channels, which contain passwords and tokens: AES-256-GCM.

A document has `{key, nonce, ciphertext}` instead of the target. The channel's id is authenticated with it, so
that whoever can write to the database can't move a target to another channel.
"""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

import bson

from hcserver.errors import HcError
from hcserver.storage.client import CODEC
from hcserver.storage.key_file import KeyFile, KeyFileError

_NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2.2: random nonces have 96 bits


class Undecryptable(HcError):
    """A target can't be decrypted; the text says which key is missing, or that the document is damaged."""


class TargetCipher:
    """Encrypts with the current key of the key file, decrypts with any of its keys."""

    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys

    def encrypt(self, channel: UUID, target: str) -> dict[str, Any]:
        """The target as it is stored. Raises KeyFileError."""
        # Imported here, because most commands don't need it: the import takes a twentieth of a second.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._keys.current()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        # A lone surrogate can't be stored by the database either, but may be part of a target in JSON.
        clear = target.encode("utf-8", "surrogatepass")
        return {
            "key": key.id,
            "nonce": nonce,
            "ciphertext": AESGCM(key.secret).encrypt(nonce, clear, channel.bytes),
        }

    def decrypt(self, channel: UUID, stored: object) -> str:
        """The target, also of a document that an older version has stored in clear. Raises Undecryptable."""
        if isinstance(stored, str):
            return stored
        match stored:
            case {"key": str(id), "nonce": bytes(nonce), "ciphertext": bytes(ciphertext)}:
                return self._decrypt(channel, id, nonce, ciphertext)
        raise Undecryptable("its target is damaged")

    def current_key(self) -> str:
        """The id of the key that encrypts. Raises KeyFileError."""
        return self._keys.current().id

    def in_clear(self, document: bytes) -> bytes:
        """An encoded document of a channel with its target in clear. Raises Undecryptable."""
        fields = bson.decode(document, CODEC)
        try:
            fields["target"] = self.decrypt(fields["_id"], fields.get("target"))
        except Undecryptable as error:
            raise Undecryptable(f"channel {fields['_id']}: {error}") from error
        return bson.encode(fields, codec_options=CODEC)

    def _decrypt(self, channel: UUID, id: str, nonce: bytes, ciphertext: bytes) -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            key = self._keys.find(id)
        except KeyFileError as error:
            raise Undecryptable(f"its target can't be decrypted: {error}") from error
        if key is None:
            raise Undecryptable(
                f"its target can't be decrypted: the key file has no key {id[:16]}; restore the file that "
                "has it, or give the channel a new target"
            )
        try:
            return (
                AESGCM(key.secret).decrypt(nonce, ciphertext, channel.bytes).decode("utf-8", "surrogatepass")
            )
        except (InvalidTag, ValueError):
            raise Undecryptable("its target is damaged") from None
