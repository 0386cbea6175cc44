"""The page that the server sends, with a policy that runs the page's own scripts and no others."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path

from crosslift.explorer.build import PageData, page_data
from crosslift.explorer.explored import Explored
from crosslift.explorer.page_file import built_page, filled

_RUN = {None, "", "module", "text/javascript"}
"""Types of script elements that a browser runs; others hold data."""


@dataclass(frozen=True)
class LivePage:
    """A page.

    Args:
        html: with scripts and style inside.
    """

    html: str

    @cached_property
    def content(self) -> bytes:
        """The page in UTF-8."""
        return self.html.encode("utf-8", "replace")

    @cached_property
    def policy(self) -> str:
        """Its content policy: scripts by their hash, requests to this server alone, no frames."""
        scripts = _Scripts()
        scripts.feed(self.html)
        hashes = [f"'sha256-{_sum(text)}'" for text in scripts.texts]
        rules = {
            "default-src": ["'none'"],
            "script-src": hashes or ["'none'"],
            "style-src": ["'unsafe-inline'"],
            "img-src": ["'self'", "data:", "blob:"],
            "connect-src": ["'self'"],
            "base-uri": ["'none'"],
            "form-action": ["'none'"],
            "frame-ancestors": ["'none'"],
        }
        return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


def page_of_run(run: Path, *, token: bool) -> LivePage:
    """The explorer's page of a run, with its view for live search.

    Args:
        run: folder of the run.
        token: whether requests need one.

    Raises:
        DataError: the folder cannot be read.
    """
    data = page_data(Explored.read(run))
    facts = {**data.facts, "live": {"token": token}}
    return LivePage(filled(built_page(), PageData(facts, data.blocks)))


def _sum(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class _Scripts(HTMLParser):
    """Collects the scripts that a browser runs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and dict(attrs).get("type") in _RUN
        if self._inside:
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data
