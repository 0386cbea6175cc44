"""The languages of a page, in the order in which they come."""

from __future__ import annotations

from typing import Any

from crosslift.explorer.columns import NO_LANGUAGE
from crosslift.languages import language_pair
from crosslift.reports.language_names import family_of, known_language, name_of, script_of


class Languages:
    """Codes of languages and of pairs, with their places."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}

    def place(self, code: str | None) -> int:
        """The place of a language, which it gets if it has none; `NO_LANGUAGE` for None and empty."""
        return self._place.setdefault(code, len(self._place)) if code else NO_LANGUAGE

    def facts(self) -> list[dict[str, Any]]:
        """Every language as the page describes it."""
        return [_facts(code) for code in self._place]


def _facts(code: str) -> dict[str, Any]:
    known = None if language_pair(code) else known_language(code)
    return {
        "code": code,
        "name": name_of(code),
        "family": family_of(code),
        "script": script_of(code),
        "rtl": known is not None and known.right_to_left,
    }
