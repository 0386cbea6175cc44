"""The interface of translation engines, and how to open one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from crosslift.sources.translation.marks import Piece
from crosslift.sources.translation.translation_settings import TranslationSettings
from crosslift.sources.translation.translator_files import (
    is_yet_to_fetch,
    translator,
    translator_facts,
)

Advance = Callable[[int], None]
"""Receives the number of newly translated texts."""


class Engine(Protocol):
    """Translates English texts."""

    def facts(self) -> dict[str, Any]:
        """Everything besides the settings that determines its output; JSON-like."""

    def translate(
        self, texts: Sequence[str], language: str, advance: Advance = ...
    ) -> list[str | None]:
        """The translation of each text.

        Args:
            texts: N English texts, marked ones among them.
            language: BCP-47 code, one of the settings' `to`.
            advance: receives the progress.

        Returns:
            N translations, with the marks of the output; empty if the engine returned nothing,
            None if a text could not be translated completely.
        """

    def mark(self, text: str, start: int, end: int) -> str | None:
        """The text with the engine's marks around a piece; None if it already has such marks."""

    def unmark(self, text: str) -> Piece | None:
        """A translation without its marks and the piece between them; None unless they
        occur exactly once, in order, around a text."""


def open_engine(settings: TranslationSettings) -> Engine:
    """The engine of some settings, ready for their languages; no model's weights are loaded yet.

    Raises:
        DataError: the program, a language pair or the model is missing or cannot be used.
    """
    if settings.engine == "apertium":
        from crosslift.sources.translation.apertium import Apertium

        return Apertium(settings.to, settings.codes)
    from crosslift.sources.translation.seq2seq import Seq2Seq

    return Seq2Seq(settings)


def engine_facts(settings: TranslationSettings) -> dict[str, Any]:
    """The facts of the engine of some settings.

    A model of the hub at a commit that is not in the local cache is identified by that commit: it is
    downloaded when it first translates.

    Raises:
        DataError: as `open_engine`.
    """
    if settings.engine == "seq2seq" and is_yet_to_fetch(translator(settings)):
        return translator_facts(translator(settings))
    return open_engine(settings).facts()
