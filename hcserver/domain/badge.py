"""Badges: small pictures and documents with the status of a group of checks."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

import msgspec

from hcserver.domain.status import ShownStatus

BadgeState = Literal["up", "late", "down"]

UNNAMED: Final = "check"  # label of a check without a name; its id is its ping address, and so secret
MAX_LABEL: Final = 64  # characters of a label that are drawn

_SHIELDS_COLORS: Final[dict[BadgeState, str]] = {"up": "success", "late": "important", "down": "critical"}
_COLORS: Final[dict[BadgeState, str]] = {"up": "#2e7d32", "late": "#b45309", "down": "#c62828"}
_LABEL_COLOR: Final = "#4b5563"
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 section 2.2


class BadgeDocument(msgspec.Struct, frozen=True):
    """The json format. `grace` counts late checks, also where a late check counts as up."""

    status: BadgeState
    total: int
    grace: int
    down: int


class ShieldsDocument(msgspec.Struct, frozen=True):
    """The shields format: https://shields.io/badges/endpoint-badge"""

    schemaVersion: int
    label: str
    message: BadgeState
    color: str


def badge_state(counts: Mapping[ShownStatus, int], two_states: bool) -> BadgeState:
    """The state of a group of checks, of which so many show each status: down if any check is down, else late
    if any is in its grace time (with two states: up), else up.
    """
    if counts.get("down"):
        return "down"
    return "late" if counts.get("grace") and not two_states else "up"


def badge_document(counts: Mapping[ShownStatus, int], two_states: bool) -> BadgeDocument:
    """The state, the number of checks, and how many of them are late and down."""
    late, down = counts.get("grace", 0), counts.get("down", 0)
    return BadgeDocument(badge_state(counts, two_states), sum(counts.values()), late, down)


def shields_document(label: str, state: BadgeState) -> ShieldsDocument:
    """The document from which shields.io draws a badge."""
    return ShieldsDocument(1, label, state, _SHIELDS_COLORS[state])


def render_svg(label: str, state: BadgeState) -> str:
    """The badge as a picture. In the label, characters that XML does not allow become U+FFFD; it is cut to
    MAX_LABEL characters.
    """
    label = " ".join(_NOT_XML.sub("\ufffd", label).split()) or UNNAMED
    shown = label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 1] + "…"
    left, right = _text_width(shown) + 12, _text_width(state) + 12
    name = f"{label}: {state}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img"'
        f" aria-label={quoteattr(name)}>"
        f"<title>{escape(name)}</title>"
        f'<clipPath id="c"><rect width="{left + right}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#c)"><rect width="{left}" height="20" fill="{_LABEL_COLOR}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLORS[state]}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2}" y="14">{escape(shown)}</text>'
        f'<text x="{left + right / 2}" y="14">{state}</text></g></svg>'
    )


def sign(secret: str, tag: str) -> str:
    """The signature in a badge's address: 8 characters that nobody can forge without the secret."""
    digest = hmac.digest(_bytes(secret), _bytes(tag), hashlib.sha256)
    return urlsafe_b64encode(digest)[:8].decode("ascii")


def verify(secret: str, tag: str, signature: str) -> bool:
    """Whether the signature is the one that `sign` makes, compared in constant time."""
    return hmac.compare_digest(_bytes(sign(secret, tag)), _bytes(signature))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text_width(text: str) -> int:
    """The approximate width in pixels of the text in Verdana at 11 pixels, which the viewer may not have."""
    return round(sum(_char_width(char) for char in text))


def _char_width(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 12.0
    if char in " .,:;'|!ijlI()[]{}ft-":
        return 4.4
    if char in "mwMW@%":
        return 10.5
    return 8.2 if char.isupper() else 7.0
