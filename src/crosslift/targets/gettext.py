"""Sentences of gettext catalogs: the embedded ones, or those of any project."""

from __future__ import annotations

from crosslift.errors import DataError
from crosslift.sources.gettext import Catalogs, load_catalogs
from crosslift.sources.record import Bitext
from crosslift.targets.names import asked_languages
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target import BitextData, Target, TargetSettings

FEWEST_WORDS = 3
"""Of the English side: shorter messages are labels, not sentences."""
FEWEST_PAIRS = 50
"""Of a language: with fewer it is reported as a gap, not averaged in."""

LANGUAGES = (
    *("af", "ar", "az", "bg", "ca", "cy", "de", "el", "es", "et", "eu", "fa", "fi"),
    *("he", "hi", "hu", "id", "ja", "ka", "ko", "pl", "ta", "tr", "zh-Hans"),
)


def _load(settings: TargetSettings) -> BitextData:
    catalogs = load_catalogs(settings.catalogs)
    own = settings.catalogs is not None
    listed = catalogs.languages if own else LANGUAGES
    asked = settings.languages or listed
    settings = settings.model_copy(update={"languages": asked})
    found = {
        language: catalogs.bitext(language, half=None if own else "test", min_words=FEWEST_WORDS)
        for language in asked_languages(settings, catalogs.languages)
    }
    gaps = {language: _too_few(b) for language, b in found.items() if len(b.src) < FEWEST_PAIRS}
    kept = {language: bitext for language, bitext in found.items() if language not in gaps}
    if not kept:
        raise DataError(
            f"no language of the catalogs has {FEWEST_PAIRS} sentences: {_most(catalogs, found)}",
            f"messages of {FEWEST_WORDS} words and more with translations",
        )
    return BitextData(kept, gaps, catalogs.checksum(asked))


def _too_few(bitext: Bitext) -> str:
    return (
        f"only {len(bitext.src)} sentences of {FEWEST_WORDS} words and more ({FEWEST_PAIRS} needed)"
    )


def _most(catalogs: Catalogs, found: dict[str, Bitext]) -> str:
    counts = ", ".join(f"{language} {len(bitext.src)}" for language, bitext in found.items())
    skipped = ", ".join(f"{count} {reason}" for reason, count in catalogs.skipped.items())
    return f"{counts} (left out: {skipped or 'none'})"


GETTEXT = Target(
    name="gettext",
    title="gettext sentences",
    description="sentences of gettext catalogs: a held-out half of the embedded, or your project's",
    kind="bitext",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    load=_load,
    languages=LANGUAGES,
    licence="BSD-3-Clause (Django); of your catalogs",
    citation="gettext catalogs of Django 5.2",
)
