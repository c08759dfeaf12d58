"""What may be shown of settings that hold secrets."""

from __future__ import annotations

import re

MASK = "****"


def without_credentials(uri: str) -> str:
    """A MongoDB URI with its user, password and options that carry secrets replaced by the mask."""
    scheme, _, rest = uri.partition("://")
    # A password may contain an "@" that was not percent-encoded, so the last "@" ends the credentials.
    credentials, at, place = rest.rpartition("@")
    if not at:
        credentials, place = "", rest
    place = re.sub(r"(?i)([?&][^=&]*(?:password|properties)[^=&]*=)[^&]*", rf"\g<1>{MASK}", place)
    return f"{scheme}://{MASK}@{place}" if credentials else f"{scheme}://{place}" if uri else ""


def hidden(password: str) -> str:
    """The mask if there is a password, else ""."""
    return MASK if password else ""
