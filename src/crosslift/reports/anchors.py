"""Anchors of headings: each h2 and h3 of a page has an id and a link to itself."""

from __future__ import annotations

import re
from html import escape, unescape

_PLACE = re.compile(
    r'<section\b[^>]*\bid="(?P<section>[^"]+)"|<h(?P<level>[23])>(?P<words>.*?)</h(?P=level)>',
    re.DOTALL,
)
_IDS = re.compile(r'\bid="([^"]+)"')
_LONGEST = 60


def with_anchors(page: str) -> str:
    """A page whose headings h2 and h3 have an id, unique in the page, and a link to it.

    The id of a heading begins with that of its section.

    Args:
        page: HTML; its headings have no attribute.
    """
    used = set(_IDS.findall(page))
    section = ""

    def named(place: re.Match[str]) -> str:
        nonlocal section
        if place["section"]:
            section = place["section"]
            return place[0]
        text = unescape(re.sub(r"<[^>]+>", " ", place["words"]))
        anchor = _unique(f"{section}-{_plain(text)}", used)
        label = escape(f"Link to: {' '.join(text.split())}")
        link = f'<a class="anchor" href="#{anchor}" aria-label="{label}">#</a>'
        return f'<h{place["level"]} id="{anchor}">{place["words"]}{link}</h{place["level"]}>'

    return _PLACE.sub(named, page)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST] or "part"


def _unique(name: str, used: set[str]) -> str:
    anchor, number = name, 2
    while anchor in used:
        anchor, number = f"{name}-{number}", number + 1
    used.add(anchor)
    return anchor
