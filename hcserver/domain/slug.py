"""Slugs: the form of a name that fits into a ping address."""

from __future__ import annotations

import re
import unicodedata

MAX_SLUG = 100  # characters


def slugify(name: str) -> str:
    """The slug that v1 and v2 of the API derive from a name: `Größe (täglich)` becomes `groe-taglich`."""
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    text = re.sub(r"[^a-z0-9_\s-]", "", text)
    return re.sub(r"[\s-]+", "-", text).strip("-_")[:MAX_SLUG]
