"""HTML of strangers made safe to look at: it runs nothing and fetches nothing."""

from __future__ import annotations

from typing import Final

import nh3

MAX_HTML: Final = 1_000_000  # characters of a document that are looked at
_TAG_NAMES: Final = """
    a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn
    div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre
    q s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul
    var wbr
"""
_DROPPED_NAMES: Final = "script style title noscript template object iframe svg math select textarea"
_EVERYWHERE: Final = "align bgcolor border dir height lang style title valign width"
_ATTRIBUTES: Final = {
    "*": set(_EVERYWHERE.split()),
    "a": {"href"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "table": {"cellpadding", "cellspacing", "summary"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
}
# None of them can name the address of a picture or a font.
_STYLE_NAMES: Final = """
    background-color border border-bottom border-collapse border-color border-left border-radius border-right
    border-spacing border-style border-top border-width clear color direction display float font-family
    font-size font-style font-variant font-weight height letter-spacing line-height list-style-type margin
    margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width opacity
    overflow padding padding-bottom padding-left padding-right padding-top table-layout text-align
    text-decoration text-indent text-transform vertical-align white-space width word-break word-spacing
"""
_CUT: Final = "<p>The rest is left out.</p>"
_LINKS: Final = ("http://", "https://", "mailto:")
_PICTURES: Final = tuple(f"data:image/{kind};" for kind in ("png", "jpeg", "gif", "webp"))


def safe_html(html: str) -> str:
    """The document without scripts, style sheets, forms, frames and pictures from elsewhere.

    Pictures that the document itself contains stay, and so do the addresses of links. A document longer than
    MAX_HTML is cut, and says so.
    """
    clean: str = nh3.clean(
        html[:MAX_HTML].replace("\0", ""),
        tags=set(_TAG_NAMES.split()),
        clean_content_tags=set(_DROPPED_NAMES.split()),
        attributes=_ATTRIBUTES,
        attribute_filter=_allowed,
        url_schemes={"http", "https", "mailto", "data"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=set(_STYLE_NAMES.split()),
    )
    return clean + _CUT if len(html) > MAX_HTML else clean


def _allowed(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute, None to leave it out."""
    start = value.lstrip()[:40].lower()
    if name == "src" and not start.startswith(_PICTURES):
        return None
    if name == "href" and not start.startswith(_LINKS):
        return None
    return value
